"""The gate names who really reads what a change takes away, also where nobody registered them."""

from __future__ import annotations

from meshport.lineage.actual_reads import ActualReader, Reads
from meshport.names import PortId
from meshport.reports import text
from meshport.reports.result import Effect

PAYMENTS = PortId("orders", "payments", 1)
READS = {"installment_count": Reads(12, "2026-11-20")}
REPORT = ActualReader("report", "service", "anna@example.com", PAYMENTS, READS)
BOARD = ActualReader("finance_dashboard", "service", "", PAYMENTS, READS)


def test_who_reads_a_column_without_being_registered_for_it_is_named_with_the_last_read(branch):
    file = branch.root / PAYMENTS.contract_path
    before, column, rest = file.read_text().partition("      - id: installment_count\n")
    file.write_text(before + rest[rest.index("      - id: paid_amount\n") :])

    report = branch.report(readers=(REPORT, BOARD))

    (payments,) = (one for one in report.contracts if one.hits and column)
    hits = {hit.consumer: hit for hit in payments.hits}
    for name in ("report", "finance_dashboard"):
        assert hits[name].effect is Effect.BREAKS
        said = "audit: not registered, read 12 times, last on 2026-11-20"
        assert any(said in step for step in hits[name].path)
    assert "report (not registered anna@example.com)" in text.render(report)

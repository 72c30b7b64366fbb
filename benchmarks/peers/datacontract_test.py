"""Run by the peer's Python: `datacontract test` of a contract, in a warm process.

Arguments: the contract, the number of runs. Prints one JSON document.
"""

import json
import logging
import sys
import time
from collections import Counter

import duckdb
from datacontract.data_contract import DataContract

logging.disable(logging.CRITICAL)


def check(con=None):
    start = time.perf_counter()
    run = DataContract(data_contract_file=sys.argv[1], duckdb_connection=con).test()
    return time.perf_counter() - start, run


_, run = check()
counted = duckdb.connect()
counted.execute("call enable_logging('QueryLog')")
check(counted)
logged = "select message from duckdb_logs where type = 'QueryLog'"
sent = [message for (message,) in counted.execute(logged).fetchall() if message != logged]
settings = sum(message.upper().startswith("SET ") for message in sent)
results = Counter(one.result.value if one.result else "no result" for one in run.checks)
answer = {
    "seconds": [check()[0] for _ in range(int(sys.argv[2]))],
    "sent": {"statements": len(sent) - settings, "settings": settings},
    "results": ", ".join(f"{count} {name}" for name, count in results.items()),
}
json.dump(answer, sys.stdout)

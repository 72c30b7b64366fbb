"""Run by the peer's Python: what `datacontract breaking` says of each pair, and how long it takes.

Arguments: the old file, then the new ones. Prints one JSON document.
"""

import json
import sys
import time

from datacontract.config import cli_config
from datacontract.data_contract import DataContract


def compare(old, new):
    start = time.perf_counter()
    contracts = [
        DataContract(config=cli_config(), data_contract_file=name, inline_references=False)
        for name in (old, new)
    ]
    try:
        result = contracts[0].breaking(contracts[1])
        severities = sorted({str(c.level.value).lower() for c in result.entries})
    except Exception as error:  # noqa: BLE001  a crash is an answer too
        severities = [f"crash: {type(error).__name__}"]
    return {"severities": severities, "ms": (time.perf_counter() - start) * 1000}


old, *news = sys.argv[1:]
compare(old, old)
json.dump([compare(old, new) for new in news], sys.stdout)

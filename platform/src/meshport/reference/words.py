"""meshport's own words: one per idea, with the words that are not used for it."""

from __future__ import annotations

WORDS = (
    ("domain", "A business area with one owning team.", "team, module, project"),
    (
        "the catalog",
        "The data product catalog: what consumers search and read about.",
        "registry, marketplace",
    ),
    (
        "the catalog domain",
        "The domain of the assortment team; what it sells are items.",
        "products",
    ),
    ("data product", "What a domain offers, described by its ODPS descriptor.", "product, dataset"),
    ("item", "A thing for sale.", "product"),
    (
        "output port",
        "One table that consumers read, promised by one contract per major version.",
        "endpoint, feed",
    ),
    ("input port", "A port of another data product that this one relies on.", "dependency"),
    ("contract", "The ODCS file behind one output port and major version.", "schema, spec"),
    (
        "contract id",
        "The address of a port, `<domain>.<port>.v<major>`, for example `orders.orders.v1`.",
        "UUID",
    ),
    ("contract version", "SemVer in the file; contracts alone have versions.", "revision"),
    ("clause", "One thing that a contract promises about the data.", "rule, constraint"),
    ("table, column", "The parts of a contract; ODCS says object and property.", "model, field"),
    ("classification", "How sensitive a column is, on the mesh's own scale.", "label"),
    ("quality rule", "A clause stated below `quality` in the contract.", "test, expectation"),
    ("check", "A clause made executable.", "test, audit"),
    (
        "check result",
        "What came out of a check: passed, failed, error (it could not run), not_enforced.",
        "outcome",
    ),
    ("blocking, warning", "Whether a broken check keeps the release back.", "critical, hard"),
    ("service level", "One target of `slaProperties`; it is met or missed.", "SLA, health"),
    ("extract", "One table of a source system, exported to a file.", "dump, seed"),
    ("landing", "Copying extracts into the private warehouse, typed.", "ingestion"),
    ("private warehouse", "A domain's own DuckDB file, opened by nobody else.", "database, lake"),
    ("candidate", "A port's rows as they would be published, under audit.", "staging table"),
    ("publish", "Make a release the one that readers see.", "deploy, load"),
    (
        "release",
        "One immutable result behind all ports of a domain, made visible at once.",
        "snapshot, version",
    ),
    ("pointer", "What says which release of a domain is current.", "alias, tag"),
    ("manifest", "What a release says of itself: files, rows, checks, inputs, sources.", "index"),
    ("refuse", "Keep a release back; readers stay on the one before.", "skip, fail"),
    ("quarantine", "Where rows lie that cannot meet the contract, with the reason.", "error table"),
    (
        "quarantine budget",
        "The share of a port's rows that may be in quarantine before the release is refused.",
        "tolerance",
    ),
    ("superseded", "A source row that a newer row of the same key replaces.", "duplicate"),
    ("pin", "Fix the upstream release that a run reads.", "lock"),
    ("lease", "What a reader holds so that retention leaves a release alone.", "lock"),
    ("receipt", "A release walked back through its inputs to the source files.", "provenance"),
    ("lineage", "Edges between ports: which is built from which.", "dependency graph"),
    ("door", "A way of reading ports, for example the rows API.", "interface"),
    (
        "consumer",
        "Who reads a port: a person, a service, an agent acting for a person, or a partner.",
        "user, client",
    ),
    (
        "agreement",
        "Who may read which port, for which purpose and class, which rows, until when.",
        "contract, grant",
    ),
    (
        "access class",
        "What a reader sees: everything up to a step of the scale, or the class of agents.",
        "role, permission",
    ),
    ("purpose", "What data is used for, from the mesh's own list.", "reason, use case"),
    (
        "masking",
        "Showing what is left of a value to readers one step below its class.",
        "redaction, anonymisation",
    ),
    (
        "row scope",
        "The column whose values an agreement can be limited to; its rows are files of their own.",
        "row filter",
    ),
    ("breaking the glass", "Reading at once without approval, for hours, seen by all.", "override"),
    ("owner", "Who answers for a data product.", "steward"),
)
"""Word, meaning, and what it is not called."""

"""The reviewed table of rules: every kind of change, why it matters, and where its verdict differs
from what follows from the relation.

A case overrides the verdict that `DERIVED` gives for the relation. Rule ids are never reused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from meshport.changes.relation import Relation
from meshport.changes.verdict import DERIVED, Consumer, Governance, Producer, Reader, Verdict


@dataclass(frozen=True)
class Rule:
    """One kind of change. `cases` maps a relation or a named case to its verdict."""

    id: str
    title: str
    why: str
    fix: str
    cases: Mapping[str, Verdict] = field(default_factory=dict)

    def verdict(self, relation: Relation, case: str = "") -> Verdict:
        """The verdict of a change of this kind."""
        if case:
            return self.cases[case]
        return self.cases.get(relation.value, DERIVED[relation])


_PATCH = Verdict(Consumer.PATCH)
_MINOR = Verdict(Consumer.MINOR)
_WARN = Verdict(Consumer.WARN)
_MAJOR = Verdict(Consumer.MAJOR)
_BLOCK = Verdict(Consumer.NONE, governance=Governance.BLOCK)
_TYPED_WARN = {Reader.TYPED: Consumer.WARN, Reader.API: Consumer.WARN}
_TYPED_MAJOR = {Reader.TYPED: Consumer.MAJOR, Reader.API: Consumer.MAJOR}
_DOCUMENTATION = {relation.value: _PATCH for relation in Relation}
_LEGAL = {relation.value: _WARN for relation in Relation}

_OBJECTS = (
    Rule("OBJ001", "A table is removed", "Every query on it fails.",
         "Publish a new major beside the old one and announce the end of support."),
    Rule("OBJ002", "A table is added", "Nobody relies on it yet, but now it has to be delivered.",
         "Raise the minor version."),
    Rule("OBJ003", "A table is renamed", "Queries name tables.",
         "Keep the name, or publish a new major; an alias view eases the move."),
    Rule("OBJ004", "A table becomes a view or a topic", "Speed, history and ways of reading change.",
         "Say so to the consumers.", {r.value: _WARN for r in Relation}),
    Rule("OBJ005", "The grain changes", "Counts and joins mean something else.",
         "Publish a new major: another grain is another table.",
         {"described": _WARN, "key": Verdict(Consumer.MAJOR, Producer.BREAK)}),
    Rule("FLD001", "A column is removed", "Every query that names it fails.",
         "Mark it deprecated first; remove it in a new major.", {"announced": _MINOR}),
    Rule("FLD002", "A column is added", "Readers by name do not notice; readers by position do.",
         "Raise the minor version.", {
             "required": Verdict(Consumer.MINOR, Producer.BREAK, by_reader={Reader.POSITIONAL: Consumer.WARN}),
             "optional": Verdict(Consumer.MINOR, by_reader={Reader.POSITIONAL: Consumer.WARN}),
             "personal": Verdict(Consumer.MINOR, Producer.NONE, Governance.BLOCK, {Reader.POSITIONAL: Consumer.WARN}),
         }),
    Rule("FLD003", "A column is renamed", "Every query that names it fails.",
         "Keep the old name as a second column until a new major, then drop it there."),
    Rule("FLD005", "The order of columns changes", "Only readers by position notice.",
         "Nothing to do for readers by name.",
         {r.value: Verdict(by_reader={Reader.POSITIONAL: Consumer.WARN}) for r in Relation}),
    Rule("FLD006", "A deprecation is announced or taken back", "It starts the clock for consumers.",
         "Say in the description what to use instead.", _DOCUMENTATION),
    Rule("FLD007", "A column changes between attribute, measure and dimension",
         "Sums and groupings over it change their meaning.", "Add a new column instead."),
    Rule("FLD008", "The partitioning changes", "Cost and file layout change for who reads files.",
         "Say so to those who read files.", {r.value: _WARN for r in Relation}),
    Rule("FLD009", "The type of a map's key changes", "Look-ups by key fail.", "Add a new column instead."),
    Rule("FLD010", "Undeclared columns are allowed or forbidden", "`select *` may bring new columns.",
         "Declare the columns.", {
             "WEAKENED": Verdict(Consumer.MINOR, by_reader={Reader.POSITIONAL: Consumer.MAJOR})}),
)  # fmt: skip

_TYPES = (
    Rule("TYP00", "The logical type changes", "Values are of another kind.",
         "Add a column of the new type; drop the old one in a new major.", {
             "narrowed": Verdict(Consumer.MINOR, Producer.BREAK, by_reader=_TYPED_MAJOR)}),
    Rule("TYP01", "An integer type is widened", "Larger numbers may come than typed readers hold.",
         "Raise the minor version; warn typed readers.", {
             "within 2^53": Verdict(Consumer.MINOR, by_reader=_TYPED_WARN),
             "past 2^53": Verdict(Consumer.MINOR, by_reader={Reader.TYPED: Consumer.WARN, Reader.API: Consumer.MAJOR})}),
    Rule("TYP02", "An integer type is narrowed", "Typed readers see another type, data may not fit.",
         "Leave the type; state the range with minimum and maximum.",
         {"STRENGTHENED": Verdict(Consumer.MINOR, Producer.BREAK, by_reader=_TYPED_MAJOR),
          "INCOMPARABLE": Verdict(Consumer.MAJOR, Producer.BREAK)}),
    Rule("TYP03", "An integer type becomes HUGEINT", "DuckDB writes HUGEINT to Parquet as DOUBLE: digits are lost.",
         "Use DECIMAL(38,0), or stay with BIGINT.",
         {r.value: Verdict(Consumer.WARN, by_reader=_TYPED_MAJOR) for r in Relation}),
    Rule("TYP04", "A decimal gains digits before the point", "Larger numbers may come.",
         "Raise the minor version; warn typed readers.",
         {"WEAKENED": Verdict(Consumer.MINOR, by_reader=_TYPED_WARN)}),
    Rule("TYP05", "A decimal gains digits after the point", "Rounding and equality change.",
         "Publish a new major, or add a column."),
    Rule("TYP06", "A decimal loses digits", "Values are rounded or do not fit.",
         "Publish a new major.", {r.value: Verdict(Consumer.MAJOR, Producer.BREAK) for r in Relation}),
    Rule("TYP07", "A decimal becomes a float", "Money is no longer exact.", "Stay with DECIMAL.",
         {r.value: _MAJOR for r in Relation}),
    Rule("TYP08", "A float changes its size", "Typed readers see another type.",
         "Raise the minor version; warn typed readers.",
         {"WEAKENED": Verdict(Consumer.MINOR, by_reader=_TYPED_WARN),
          "STRENGTHENED": Verdict(Consumer.MAJOR, Producer.BREAK)}),
    Rule("TYP09", "A float becomes a decimal", "Values are rounded.", "Add a column instead.",
         {r.value: Verdict(Consumer.WARN, Producer.BREAK, by_reader=_TYPED_MAJOR) for r in Relation}),
    Rule("TYP10", "A text type allows longer texts", "Readers with fixed lengths cut them off.",
         "Warn the readers; raise the minor version.", {"WEAKENED": _WARN}),
    Rule("TYP11", "A text type allows only shorter texts", "Data may not fit.", "Check the data first."),
    Rule("TYP12", "CHAR and VARCHAR change places", "Padding changes comparisons.",
         "Warn the readers.", {r.value: _WARN for r in Relation}),
    Rule("TYP13", "A time zone appears, vanishes or changes", "The same value is another moment.",
         "Add a column instead.", {r.value: Verdict(Consumer.MAJOR, Producer.BREAK) for r in Relation}),
    Rule("TYP14", "Timestamps become finer or coarser", "Equality joins change.",
         "Publish a new major for coarser ones.",
         {"WEAKENED": _WARN, "STRENGTHENED": Verdict(Consumer.MAJOR, Producer.BREAK)}),
    Rule("TYP15", "UUID and VARCHAR change places", "Typed readers see another type.",
         "Publish a new major where typed readers exist.",
         {r.value: Verdict(Consumer.WARN, by_reader=_TYPED_MAJOR) for r in Relation}),
    Rule("TYP17", "A structure changes", "Paths into it fail, or new ones appear.",
         "Treat its fields like columns.", {
             "STRENGTHENED": Verdict(Consumer.MINOR, Producer.BREAK), "reordered": _WARN}),
    Rule("TYP18", "The encoding of binary values changes", "Readers decode garbage.", "Add a column instead."),
    Rule("TYP20", "A physical type changes to another family", "Every typed reader and most queries notice.",
         "Add a column of the new type."),
    Rule("TYP21", "A physical type is stated, dropped or cannot be read",
         "Nobody can tell what typed readers see.", "State a type of the server's engine.",
         {"STRENGTHENED": Verdict(Consumer.MINOR, Producer.WARN), "WEAKENED": _WARN}),
)  # fmt: skip

_VALUES = (
    Rule("NUL01", "A column may be null, or may no longer be", "Queries that counted on values meet nulls.",
         "Keep it required, or publish a new major."),
    Rule("KEY01", "Values may repeat, or may no longer", "Joins on the column multiply rows.",
         "Keep it unique, or publish a new major."),
    Rule("KEY02", "The primary key has other columns", "The grain is another one.",
         "Publish a new major.", {r.value: Verdict(Consumer.MAJOR, Producer.BREAK) for r in Relation}),
    Rule("KEY03", "The primary key is dropped or given", "Rows can no longer be told apart.", "Keep the key."),
    Rule("KEY04", "The order of key columns changes", "Only the order of rows in files changes.",
         "Nothing to do.", {r.value: Verdict(by_reader={Reader.POSITIONAL: Consumer.WARN}) for r in Relation}),
    Rule("KEY05", "A foreign key changes", "Joins may lose rows or multiply them.",
         "Keep it, or publish a new major.", {"another major": _MINOR}),
    Rule("KEY06", "A foreign key points to nothing", "The promise cannot be kept or checked.",
         "Point it at a column that the other contract promises.",
         {"broken": Verdict(Consumer.NONE, Producer.BREAK, Governance.BLOCK)}),
    Rule("DOM01", "A value is added to a closed list", "A CASE without it falls through.",
         "Declare enumPolicy open long before, or publish a new major.", {"open": _MINOR}),
    Rule("DOM02", "A value leaves a closed list", "Filters on it find nothing; data may still hold it.",
         "Check the data first; raise the minor version.",
         {"compared with": Verdict(Consumer.WARN, Producer.BREAK)}),
    Rule("DOM03", "A value is renamed", "Filters on the old one find nothing.", "Add a column instead."),
    Rule("DOM04", "A list of values opens or closes", "Unknown values may come.", "Keep the policy."),
    Rule("DOM05", "The words for a value change", "Documentation.", "Nothing to do.", _DOCUMENTATION),
    Rule("VAL01", "A bound moves", "Values outside the old bounds may come.", "Keep the bound, or publish a new major."),
    Rule("VAL02", "A pattern changes", "Values of another shape may come.", "Keep the pattern, or publish a new major."),
    Rule("VAL03", "A format changes", "Parsers of the old format fail.", "Keep the format, or add a column."),
    Rule("VAL04", "multipleOf changes", "Values may be finer than before.", "Keep it, or publish a new major."),
    Rule("VAL05", "Uniqueness or required members within a value change", "Paths into it may be missing.",
         "Keep it, or publish a new major."),
    Rule("VAL06", "Examples change", "Documentation.", "Nothing to do.", _DOCUMENTATION),
    Rule("VAL07", "A vector changes", "Distances between old and new vectors mean nothing.", "Add a column instead."),
)  # fmt: skip

_QUALITY = (
    Rule("QUA01", "A quality rule is removed or added", "What it ruled out may come.", "Keep the rule, or publish a new major.",
         {"warning": _WARN}),
    Rule("QUA02", "A threshold moves", "More broken rows may come than before.", "Keep it, or publish a new major."),
    Rule("QUA04", "A threshold changes between rows and percent", "Which is stricter depends on the size of the table.",
         "Acknowledge it with a minor bump."),
    Rule("QUA05", "The severity of a rule changes", "A warning keeps nothing back.", "Keep it an error."),
    Rule("QUA06", "The arguments of a rule change", "It rules out something else.", "Add a second rule instead."),
    Rule("QUA07", "The query of a rule changes", "Nobody can tell whether it asks for more or less.",
         "Acknowledge it with a minor bump."),
    Rule("QUA08", "The engine or implementation of a rule changes", "Nobody can tell whether it asks for more or less.",
         "Acknowledge it with a minor bump."),
    Rule("QUA09", "A rule is checked more rarely or more often", "Faults are found later.", "Keep the schedule."),
    Rule("QUA11", "A rule in words becomes one that runs, or back", "Words keep nothing back.", "Keep it executable."),
    Rule("QUA12", "What is said about a rule changes", "Documentation.", "Nothing to do.", _DOCUMENTATION),
)  # fmt: skip

_SERVICE = (
    Rule("SLA01", "A service level is removed or added", "Consumers planned with it.", "Keep it, or publish a new major.",
         {"STRENGTHENED": Verdict(Consumer.MINOR, Producer.WARN)}),
    Rule("SLA02", "A service level is relaxed or tightened", "Schedules downstream counted on it.",
         "Keep the value, or publish a new major.", {"STRENGTHENED": Verdict(Consumer.MINOR, Producer.WARN)}),
    Rule("SLA03", "The schedule changes", "Days or hours without fresh data may appear.",
         "Keep the longest gap, or publish a new major.", {"STRENGTHENED": Verdict(Consumer.MINOR, Producer.WARN)}),
    Rule("SLA04", "A service level is measured on something else", "The number means something else.",
         "Add a second level instead."),
    Rule("SLA05", "Retention changes", "Shorter loses history; longer keeps personal data for longer.",
         "Ask the data protection officer before personal data is kept longer.", {
             "longer with personal data": Verdict(Consumer.MINOR, Producer.NONE, Governance.BLOCK),
             "STRENGTHENED": Verdict(Consumer.MINOR)}),
    Rule("SLA06", "A level stops being asked for by law", "A regulator's demand is dropped.",
         "Let the governance owners approve it.", {r.value: Verdict(Consumer.NONE, Producer.NONE, Governance.BLOCK) for r in Relation}),
    Rule("SLA07", "What is said about a service level changes", "Documentation.", "Nothing to do.", _DOCUMENTATION),
    Rule("SLA08", "The end of support moves", "Consumers planned their move by it.",
         "Never move it earlier; later is welcome.", {"STRENGTHENED": _MINOR}),
)  # fmt: skip

_GOVERNANCE = (
    Rule("PII01", "A column's classification is lowered", "More people may see it.",
         "Let the data protection officer approve it.",
         {r.value: Verdict(Consumer.MINOR, Producer.NONE, Governance.BLOCK) for r in Relation}),
    Rule("PII02", "A column's classification is raised", "Readers of the lower class lose the column.",
         "Tell them, and publish a new major.", {r.value: Verdict(Consumer.MAJOR, Producer.NONE, Governance.WARN) for r in Relation}),
    Rule("PII03", "A mark of personal data is removed or added", "Protection hangs on the mark.",
         "Let the data protection officer approve the removal.", {
             "removed": Verdict(Consumer.PATCH, Producer.NONE, Governance.BLOCK),
             "not personal": Verdict(Consumer.PATCH, Producer.NONE, Governance.WARN),
             "added": Verdict(Consumer.PATCH, Producer.NONE, Governance.WARN)}),
    Rule("PII04", "A column is less protected than what it is made from",
         "Who may not read the source reads it here.",
         "Give it the class and the mark of its source, take less from it (see the table), or let the governance owners sign a waiver.",
         {"derived": Verdict(Consumer.NONE, Producer.NONE, Governance.BLOCK)}),
    Rule("PII05", "The masking or encryption of a column changes", "Clear values appear, or joins on hashes break.",
         "Let the data protection officer approve it.", {"INCOMPARABLE": Verdict(Consumer.MAJOR, Producer.NONE, Governance.BLOCK),
          "WEAKENED": Verdict(Consumer.MINOR, Producer.NONE, Governance.BLOCK),
          "STRENGTHENED": Verdict(Consumer.MAJOR, Producer.NONE, Governance.NONE)}),
    Rule("ACC01", "A role or an approver is removed or its access reduced", "Its holders can no longer read.",
         "Give them another role first.", {"WEAKENED": Verdict(Consumer.MAJOR, Producer.NONE, Governance.BLOCK)}),
    Rule("ACC02", "A role is added or gains access", "More people may see more.",
         "Let the governance owners approve it.", {r.value: Verdict(Consumer.MINOR, Producer.NONE, Governance.BLOCK) for r in Relation}),
    Rule("TRM01", "Usage or limitations change", "Legal text cannot be put in order.",
         "Acknowledge it with a minor bump.", _LEGAL),
    Rule("TRM02", "The price changes", "Budgets were made with it.", "Publish a new major to raise it.", {"STRENGTHENED": _PATCH}),
    Rule("OWN01", "Owner, team, domain or tenant changes", "Consumers have somebody else to ask.",
         "Tell the consumers.", {r.value: _MINOR for r in Relation}),
    Rule("OWN02", "The last interactive support channel is removed", "Nobody can be asked.",
         "Keep one.", {r.value: _WARN for r in Relation}),
    Rule("OWN03", "People or channels change", "Documentation.", "Nothing to do.", _DOCUMENTATION),
)  # fmt: skip

_PORTS = (
    Rule("PRT01", "A server is removed", "Readers at that address find nothing.", "Keep it until the end of support."),
    Rule("PRT02", "Type, format, delimiter, encoding or compression of a server changes",
         "Readers cannot decode it.", "Add a second server."),
    Rule("PRT03", "The address of a server changes", "Readers find nothing at the old one.",
         "Keep the old address listed as well."),
    Rule("PRT04", "The environment of a server changes", "Readers meet test data, or none.", "Add a second server."),
    Rule("PRT05", "A server is added", "One more way to read.", "Nothing to do.", {r.value: _MINOR for r in Relation}),
    Rule("PRT06", "What is said about a server changes", "Documentation.", "Nothing to do.", _DOCUMENTATION),
)  # fmt: skip

_MEANING = (
    Rule("SEM01", "Unit, currency, aggregation or sign changes", "Every number means something else.",
         "Add a column with the new unit."),
    Rule("SEM02", "The logic behind a column changes", "Values may differ from yesterday's.",
         "Replay base and head; note what changes.", {r.value: _WARN for r in Relation}),
    Rule("SEM03", "Values change although the contract does not say so", "Reports change without a word.",
         "Publish a new major, or sign a semanticChange note.", {r.value: _MAJOR for r in Relation}),
    Rule("SEM04", "Descriptions or names for people change", "Documentation.", "Nothing to do.",
         {**_DOCUMENTATION, "critical": _WARN}),
    Rule("SEM05", "A definition points elsewhere", "The business may mean something else now.",
         "Acknowledge it with a minor bump.", {r.value: _WARN for r in Relation}),
    Rule("SEM06", "The set of rows changes", "Counts and sums change.", "Publish a new major, or acknowledge it.",
         {r.value: _WARN for r in Relation}),
    Rule("SEM07", "A critical data element is marked or unmarked", "Care is given by the mark.",
         "Let the governance owners approve the removal.", {
             "WEAKENED": Verdict(Consumer.PATCH, Producer.NONE, Governance.WARN), "STRENGTHENED": _PATCH}),
    Rule("SEM08", "Another property of the company's own changes", "Nobody but the company knows what it means.",
         "Nothing to do.", _DOCUMENTATION),
)  # fmt: skip

_VERSIONS = (
    Rule("VER06", "The status changes", "Consumers plan by the status.",
         "Go proposed → draft → active → deprecated → retired.",
         {"forward": _PATCH, "backward": Verdict(Consumer.WARN, Producer.NONE, Governance.WARN)}),
    Rule("VER07", "The id changes", "It is another contract for everybody.", "Keep the id."),
    Rule("VER08", "The version of the standard goes back", "Fields lose their meaning.", "Keep the newer version.",
         {"WEAKENED": Verdict(Consumer.WARN, Producer.NONE, Governance.BLOCK), "STRENGTHENED": _PATCH}),
)  # fmt: skip

RULES: Mapping[str, Rule] = {
    rule.id: rule
    for group in (
        _OBJECTS,
        _TYPES,
        _VALUES,
        _QUALITY,
        _SERVICE,
        _GOVERNANCE,
        _PORTS,
        _MEANING,
        _VERSIONS,
    )
    for rule in group
}

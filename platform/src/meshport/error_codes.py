"""Every error code: what it means, why it matters, how to get out of it. Codes are never reused.

The reference page and the server's /errors page are made from this table; a test compares it
with the codes that the source raises.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorCode:
    """One code; `breaks_promise` tells a broken promise (exit 1) from what nobody can tell (2)."""

    code: str
    title: str
    why: str
    fix: str
    breaks_promise: bool = False


_TABLE = (
    # contracts
    ("MP101", "A file cannot be read", "It is missing, too large or not ours to read.", "Check path and rights; contracts may have 4 MiB."),
    ("MP102", "A file is not YAML", "Guessing what was meant would hide mistakes.", "Mend the line named; indent with spaces, give each key once."),
    ("MP103", "A contract breaks the ODCS schema", "A misspelt key promises nothing and nobody notices.", "Use the name the hint offers, or put own keys into customProperties."),
    ("MP104", "Not the id of a port", "Ports are addressed as <domain>.<port>.v<major> everywhere.", "Write it like orders.orders.v1."),
    ("MP105", "Another format or version", "meshport reads ODCS 3.0.0 to 3.2.0.", "Convert the file to ODCS 3.2.0."),
    ("MP106", "Two things of one name", "Nobody could tell which of them is meant.", "Rename one of them."),
    ("MP107", "A quarantine budget that is no percentage", "Without it nobody knows how many bad rows are too many.", "Write quarantineBudget as `2 %`."),
    # data products
    ("MP201", "A descriptor breaks the ODPS standard", "A misspelt key offers nothing.", "Use the name the hint offers."),
    ("MP202", "A port without contract", "A port is what a contract promises.", "Write the contract, or take the port out of the descriptor."),
    ("MP203", "Descriptor, file name and contract disagree", "Consumers find ports by all three.", "Make id, version, file name and table name agree."),
    ("MP204", "An input port that is not offered", "A product can only rely on what is promised.", "Name a contract id and a version that its owner offers."),
    ("MP205", "A contract that no port offers", "It would be promised to nobody.", "Offer it in the descriptor, or remove it."),
    ("MP206", "Domains rely on each other in a circle", "No order of publishing would be right.", "Cut the circle: one side has to do without the other."),
    ("MP207", "No such domain", "A domain is a folder below domains/ with a descriptor.", "Check the spelling; the hint lists those there are."),
    ("MP208", "A reference out of the contracts folder", "A contract must not reach files of the machine.", "Refer to ../<domain>/<port>.v<major>.odcs.yaml."),
    ("MP210", "A source extract is missing", "Publishing without it would lose its rows.", "Put the file into the source folder under that name."),
    ("MP211", "A source column is gone", "What it fed would turn empty without a word.", "Ask the source for it back, or change sources.py and the model.", True),
    ("MP212", "A source file cannot be read", "Half a file is not the truth.", "Export it again; CSV must be UTF-8, gzip must be whole."),
    ("MP213", "A source file was cut off", "Rows at its end are missing.", "Export it again."),
    ("MP214", "An extract is there in two forms", "Nobody could tell which one is current.", "Remove one of the files."),
    ("MP215", "Not comma-separated", "Everything would land in one column.", "Export with commas and a header line."),
    ("MP216", "An optional extract vanished", "It was there for the last release; its rows would be gone.", "Restore it.", True),
    ("MP220", "An input has no release yet", "There is nothing to build from.", "Publish the upstream domain first."),
    ("MP230", "dbt cannot parse the project", "Without a manifest there are no assets.", "Mend the file that dbt names."),
    ("MP231", "A dbt model failed", "Its table is not built.", "Mend the SQL; the message is dbt's."),
    ("MP232", "A dbt model does not return what the contract says", "Columns or types differ from the promise.", "Cast in the model, or change the contract and its version.", True),
    ("MP233", "A generated file is stale", "dbt would hold models against an old contract.", "Run meshport generate."),
    ("MP234", "A domain's code cannot be imported", "Its steps are not known.", "Mend the Python error named."),
    ("MP260", "A replay did not run", "What does not run cannot be compared.", "Mend the side named, then replay again."),
    ("MP240", "Another process has the private warehouse", "DuckDB lets one process write.", "Wait for it, or stop it."),
    ("MP241", "The private warehouse is of another DuckDB", "Older engines cannot read newer files.", "Move the file away; it is built anew."),
    ("MP242", "The private warehouse is damaged", "It cannot be read.", "Move the file away; it is built anew, releases are not in it."),
    ("MP250", "Not a name", "Names go into files, SQL and URLs.", "Lower-case letters, digits and underscores."),
    ("MP251", "The name is taken", "Scaffolding never overwrites.", "Choose another name."),
    ("MP252", "The descriptor's shape is new to the scaffold", "Text is added to a plain list only.", "Add the output port by hand."),
    # checks
    ("MP301", "No such data", "There is nothing to check.", "Check the path."),
    ("MP302", "The data cannot be read", "What cannot be read cannot be called good.", "Give Parquet, CSV or DuckDB files that are whole."),
    ("MP303", "No data for the contract's tables", "No file or table has their names.", "Name the files like the tables."),
    ("MP310", "A quality query is not one SELECT", "A contract is somebody else's code: it may look, nothing else.", "Write one SELECT over the table."),
    # publishing
    ("MP402", "A pointer or a manifest is damaged", "Readers cannot tell which release is current, or what it holds.", "Restore the file from a backup; without one, move store/<domain> away and publish again."),
    ("MP403", "No such release", "It was never published here.", "See …/releases for those there are."),
    ("MP404", "The data of a release is no longer kept", "Retention keeps the newest ones.", "Read the current release."),
    ("MP405", "Nothing to go back to", "There is no other release with data.", "Name a release that is still kept."),
    ("MP410", "A port model built no table", "There is nothing to publish.", "Let the model <port>_v<major> build in the schema output_ports.", True),
    ("MP411", "An input release lacks the port", "The domain was built from something else.", "Run the domain again."),
    ("MP420", "The disk refuses", "It is full, or not writable.", "Free some room and run again; the last release is untouched."),
    # catalog
    ("MP505", "A broken waiver", "An exception that nobody can read excepts nothing.", "Each needs rule, contract, version, reason, owner, approver and expires."),
    ("MP506", "A broken policy", "Nobody could tell whether contracts keep it.", "Each needs id, title, why, fix, query, good and bad; the query returns contract, line and message."),
    ("MP501", "Broken classifications", "No column could be served.", "Each needs name, meaning and is_served_openly."),
    ("MP502", "A broken glossary term", "It could not be found or explained.", "Each needs term and meaning."),
    ("MP503", "A broken registration of a consumer", "A consumer that cannot be read would be hit without a warning.", "Each needs name, kind, owner and uses; each use needs port, and names its columns."),
    ("MP504", "Nothing of this name is promised", "Only what a contract promises can change under somebody.", "Name a port as <domain>.<port>.v<major>, or one of its columns behind it."),
    # serving
    ("MP601", "No such column", "It is not in the port, or not served to you.", "See …/schema for those there are."),
    ("MP602", "A parameter that cannot be understood", "Guessing would answer another question.", "Follow the hint."),
    ("MP603", "A cursor that cannot be used", "It is not ours, or belongs to another question.", "Follow the answer's `next` link."),
    ("MP604", "A value that does not fit its column", "It cannot be compared.", "Give a value of the column's type."),
    ("MP610", "No such port or product", "Nothing is at this address.", "See /products for those there are."),
    ("MP611", "Not published yet", "The port has a contract but no release.", "Run its domain."),
    ("MP620", "The address is taken", "Another server listens there.", "Choose another port."),
    # settings
    ("MP901", "No mesh here", "Commands work on the mesh around the working directory.", "Go below a folder with workspace.yaml and domains/."),
    ("MP902", "An unknown setting", "A misspelt variable would change nothing.", "Use a name the hint lists."),
    ("MP903", "A setting that is no folder", "There is nothing to read.", "Give an existing folder."),
    ("MP904", "No such domain in the workspace", "It is not listed in workspace.yaml.", "Check the spelling."),
    ("MP905", "The sample cannot be written", "Scale or folder cannot be used.", "Choose a scale above 0 and a folder you may write."),
    ("MP907", "No format and file", "Nobody could tell what to write where.", "Write --write markdown=comment.md."),
    ("MP910", "No git repository", "There is nothing to compare a change with.", "Run the gate in a clone of the mesh's repository."),
    ("MP911", "No such commit", "The base of the change is unknown.", "Name a branch or commit; in CI fetch the base branch first."),
    ("MP912", "No common ancestor", "Nobody can tell what the change is.", "Clone the whole history (fetch-depth: 0)."),
    ("MP906", "Not a reference", "A foreign key's table has to be named.", "Write --reference catalog.items.v1=items.parquet."),
)  # fmt: skip

CODES = {row[0]: ErrorCode(*row) for row in _TABLE}

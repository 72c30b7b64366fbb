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
    ("MP108", "A mask that there is not, or that does not fit", "A value could not be shown to those who may see its mask.", "One of drop, null, hash, last4 (text), year (dates), bucket(<width>) (numbers)."),
    ("MP109", "A property of access that means nothing", "What should be withheld would be shown, and nobody would notice.", "rowScope and untrustedText are true or false, one row scope a table; minimumGroupSize is a whole number above 1 at a counting column."),
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
    ("MP304", "Nothing to report", "The draft for results of checks asks for one result at least.", "Promise something, or take another format."),
    ("MP310", "A quality query is not one SELECT", "A contract is somebody else's code: it may look, nothing else.", "Write one SELECT over the table."),
    ("MP311", "A pattern that is none", "No value could be held against it.", "Write it as RE2 reads it, which never explodes."),
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
    ("MP507", "A broken list of purposes", "Nobody could ask for access.", "Each needs name, term and meaning."),
    ("MP504", "Nothing of this name is promised", "Only what a contract promises can change under somebody.", "Name a port as <domain>.<port>.v<major>, or one of its columns behind it."),
    # serving
    ("MP601", "No such column", "It is not in the port, or not served to you.", "See …/schema for those there are."),
    ("MP602", "A parameter that cannot be understood", "Guessing would answer another question.", "Follow the hint."),
    ("MP603", "A cursor that cannot be used", "It is not ours, or belongs to another question.", "Follow the answer's `next` link."),
    ("MP604", "A value that does not fit its column", "It cannot be compared.", "Give a value of the column's type."),
    ("MP610", "No such port or product", "Nothing is at this address.", "See /products for those there are."),
    ("MP611", "Not published yet", "The port has a contract but no release.", "Run its domain."),
    ("MP612", "No such version", "The port had no release then, or has none of that number yet.", "See …/releases, or ask for the latest."),
    ("MP613", "No word for a type", "The door's protocol cannot say what the column holds, or the client cannot read it.", "Read the port through …/rows."),
    ("MP614", "Not a range that is served", "Files are served whole or by one range of bytes.", "Write Range: bytes=0-1023."),
    ("MP620", "The address is taken", "Another server listens there.", "Choose another port."),
    ("MP621", "Open to others, with nobody known", "Everybody who can reach the machine would be nobody.", "Add consumers and tokens first, or listen on 127.0.0.1."),
    ("MP630", "Not one SELECT", "A reader may look, and at one thing at a time.", "Send one SELECT; WITH may stand before it."),
    ("MP631", "Not allowed in SQL here", "Only what was reviewed is run: nothing that reaches beyond the tables granted.", "Do without it; the how-to lists what there is."),
    ("MP632", "No such table", "It does not exist, or not for you.", "Name a port as <domain>.<port>, or <domain>.<port>_v<major>; ask for access on its page."),
    ("MP633", "The engine has no answer", "The query cannot be answered as it stands.", "The message is the engine's: mend the query."),
    ("MP634", "More than a query may use", "Time and memory are bounded, so that nobody waits for somebody else's query.", "Ask for less, or send Prefer: respond-async for a job with more of both."),
    ("MP635", "Every worker is busy", "Queries are not queued for long: a late answer is no answer.", "Send it again in a second."),
    ("MP636", "No such job", "It was never asked for, is long over, or is somebody else's.", "Send the query again with Prefer: respond-async."),
    ("MP637", "The job is not done", "There is no result yet, or there will be none.", "See the job's status."),
    ("MP638", "You may not read this result any more", "Your access, or the port's classification, is not what it was.", "Send the query again: it shows what you may read now."),
    ("MP639", "Too many jobs", "Others have queries too.", "Wait until one of yours is done."),
    ("MP640", "Past its end of support", "The promise ended on the day that the contract names.", "Read the successor that the Link header names."),
    ("MP641", "Too many requests", "One reader must not slow down the others.", "Wait as long as Retry-After says; ask for larger pages, or send If-None-Match."),
    ("MP642", "Every slot is busy", "A queue that only grows answers nobody.", "Send it again after the seconds in Retry-After."),
    ("MP643", "It takes too long", "An answer has a bounded time, so that nobody waits for somebody else's question.", "Ask for fewer rows or simpler filters; whole tables come quickest with format=parquet."),
    ("MP644", "Larger than one answer may be", "It would have to be held in memory or on the disk.", "Ask for fewer columns or rows, or for format=parquet."),
    ("MP645", "A question in a form that is not read", "Only one form has one meaning.", "Send application/x-www-form-urlencoded: what would stand behind the ? of the address."),
    ("MP646", "A question that is too long", "Nobody asks that much at once.", "Filter by less, or in several questions."),
    ("MP647", "The server failed", "Something that nobody foresaw; its log says what.", "Ask once more; then tell the platform team when it was."),
    ("MP650", "Changes that are no longer kept", "Releases are not kept for ever.", "Begin anew: …/changes without a cursor has all rows."),
    ("MP651", "You see something else by now", "Changes of other rows or columns would not fit what you have.", "Begin anew: …/changes without a cursor has all rows."),
    ("MP652", "Too many streams", "Each holds a connection.", "End one, or ask now and then with a cursor."),
    ("MP660", "No such webhook", "It was removed, never added, or is somebody else's.", "See /webhooks for yours."),
    ("MP661", "An address that nothing is sent to", "A webhook must not reach what its owner could not reach, nor send in the clear.", "Give an https address that everybody can reach; the operator can allow others in MESHPORT_WEBHOOK_HOSTS."),
    ("MP662", "Too many webhooks", "Each is work for every event.", "Remove one that you no longer need."),
    ("MP663", "Too many secrets at once", "Every call would carry a signature of each.", "Wait until the older ones end, or end them at once with an overlap of 0 hours."),
    # access
    ("MP701", "A token that is not valid", "Nobody knows who is asking.", "Ask for a new one: meshport token create CONSUMER."),
    ("MP702", "A token for another purpose", "An agreement holds for its purpose alone.", "Use the token of that purpose."),
    ("MP703", "Several purposes to choose from", "Each shows other cells.", "Name one in the header Meshport-Purpose, or use a token that is bound to one."),
    ("MP704", "Nothing here for your access class", "The port's columns are more sensitive than what you may read.", "Ask for access on the port's page, or with meshport access request."),
    ("MP705", "Only for those we know", "Nothing of it could stand on the website.", "Send a token: Authorization: Bearer mpt_…"),
    ("MP706", "Reclassified since the release was made", "Its files still hold what is now withheld.", "Wait for the next release, or read through a door that hands out rows."),
    ("MP707", "A link that is not valid", "It expired, was changed, is somebody else's, or the access it rests on has changed.", "Ask for the table again."),
    ("MP708", "A request signed at another time", "What was signed long ago may have been seen by others.", "Set the clock of the machine that asks."),
    ("MP720", "The consumer's name is taken", "Names are for ever, histories hang on them.", "Choose another name."),
    ("MP721", "Not a sound consumer", "Nobody could answer for it.", "Follow the hint."),
    ("MP722", "No such consumer", "Only consumers that are registered get tokens and agreements.", "meshport consumer add NAME --kind person|service|agent|partner."),
    ("MP723", "A lifetime that is none", "Tokens that never end are found in old scripts by strangers.", "1 to 366 days."),
    ("MP724", "No such token", "There is nothing to revoke.", "See meshport token list CONSUMER."),
    ("MP730", "No such purpose", "Purposes come from the mesh's list, so that everyone means the same.", "See catalog/purposes.yaml."),
    ("MP731", "No such agreement", "It was never asked for here.", "See meshport access list."),
    ("MP732", "Somebody was faster", "The agreement is not as you saw it.", "Look at it again, then decide."),
    ("MP733", "Terms that cannot be kept", "No door could enforce them.", "Follow the hint."),
    ("MP734", "Not for you to do", "Owners decide, never about their own requests, and never a machine.", "Ask those the hint names."),
    ("MP735", "Not in this state", "The history allows no such step.", "Look at the agreement's history."),
    ("MP740", "A token of somebody who is not registered", "The issuer vouches for them, but nobody here answers for them.", "meshport consumer add NAME, with the name that the token's claim holds."),
    ("MP741", "The issuer's keys cannot be read", "Nobody can tell whether a token is genuine.", "Look whether the issuer answers, and at MESHPORT_OIDC_ISSUER and MESHPORT_OIDC_JWKS; tokens of meshport work meanwhile."),
    ("MP742", "Sent by a page of another site", "It could be done in your name without your knowing.", "Use the form on this server's own page."),
    ("MP790", "The access state cannot be used", "Without it nobody can tell who may read, so nobody reads.", "Look after access.sqlite and audit.sqlite in the meshport home: room, rights, backup."),
    ("MP791", "The audit's chain is broken", "Somebody changed or took out what was written, or the file is damaged.", "Keep the file as it is; compare it with a backup.", True),
    # settings
    ("MP901", "No mesh here", "Commands work on the mesh around the working directory.", "Go below a folder with workspace.yaml and domains/."),
    ("MP902", "An unknown setting", "A misspelt variable would change nothing.", "Use a name the hint lists."),
    ("MP903", "A setting that is no folder", "There is nothing to read.", "Give an existing folder."),
    ("MP904", "No such domain in the workspace", "It is not listed in workspace.yaml.", "Check the spelling."),
    ("MP905", "The sample cannot be written", "Scale or folder cannot be used.", "Choose a scale above 0 and a folder you may write."),
    ("MP907", "No format and file", "Nobody could tell what to write where.", "Write --write markdown=comment.md."),
    ("MP908", "An issuer that nobody could rely on", "Its tokens could be forged on the way, or be meant for another service.", "Give MESHPORT_OIDC_ISSUER and MESHPORT_OIDC_AUDIENCE, and https addresses."),
    ("MP910", "No git repository", "There is nothing to compare a change with.", "Run the gate in a clone of the mesh's repository."),
    ("MP911", "No such commit", "The base of the change is unknown.", "Name a branch or commit; in CI fetch the base branch first."),
    ("MP912", "No common ancestor", "Nobody can tell what the change is.", "Clone the whole history (fetch-depth: 0)."),
    ("MP906", "Not a reference", "A foreign key's table has to be named.", "Write --reference catalog.items.v1=items.parquet."),
)  # fmt: skip

CODES = {row[0]: ErrorCode(*row) for row in _TABLE}

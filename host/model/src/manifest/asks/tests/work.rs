use super::*;

/// A manifest in which everything that decides how work is done is said.
const RICH: &str = r#"
id = "acme.books"
version = "0.1.0"
contract = "0.1.0"
name = "Books"
category = "accounting"
summary = "Reads the books."
checklist = ["A key of https://app.acme.example/keys"]

[[guide]]
id = "owner"
audience = "the owner"
title = "How"
text = "Open [settings](https://app.acme.example/settings) and copy the key."

[[auth]]
id = "login"
kind = "oauth2"
label = "Log in"
scope-separator = ","
rotation = true
grace-seconds = 60
expired = [{ status = 401 }]
authorize = { url = "https://login.acme.example/authorize" }
token = { url = "https://login.acme.example/token" }
scope = [{ name = "read", reason = "to read" }]

[[auth.slot]]
id = "main"
standard = true
place = "header"
name = "Authorization"
value = "Bearer {access_token}"

[[auth]]
id = "key"
kind = "fields"
label = "Key"

[[auth.field]]
id = "api_key"
label = "API key of Acme"
type = "secret"

[[auth.field]]
id = "place"
label = "Place"
type = "select"
options = ["eu", "us"]

[[auth.field]]
id = "firm"
label = "Firm"
type = "text"
pattern = "[0-9]{1,9}"

[[auth.slot]]
id = "main"
standard = true
place = "header"
name = "X-Key"
value = "{api_key}"

[[host]]
origin = "https://api.acme.example"
paths = ["/v1/"]
methods = ["GET", "POST"]
slots = ["main"]
reason = "the API"

[[rate]]
scope = "connection"
per-second = 5
concurrency = 2

[[stream]]
name = "clients"
title = "Clients"
key = ["/id"]
per-account = true
schedule = "6h"
function = "relations"
meaning = "clients"

[[picker]]
name = "client"
title = "Client"
from-stream = "clients"
value = "/id"
label = "/name"

[[action]]
name = "note"
title = "Note"
function = "notes"
meaning = "a note"
schema = '{"type": "object", "properties": {"text": {"type": "string"}}}'
target = '{"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}'
picker = "client"
ordered = true
attachments = { max = 2, types = ["application/pdf"] }
idempotency = "key"
key-life = "1h"
settle = "300s"

[action.meeting]
part = "note"
payload = '{"text": "{text}"}'
"#;

fn rich(changes: &[(&str, &str)]) -> Asks {
    let mut text = RICH.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from:?} is not in the manifest");
        text = text.replacen(from, to, 1);
    }
    asks(&text)
}

#[test]
fn whatever_decides_how_work_is_done_is_power() {
    let granted = rich(&[]);
    for (from, to, told) in [
        ("name = \"Books\"", "name = \"GitHub\"", "calls itself GitHub instead of Books"),
        (
            "summary",
            "logo = '<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\"><rect width=\"1\" height=\"1\"/></svg>'\nsummary",
            "another logo",
        ),
        ("app.acme.example/settings", "evil.example/settings", "people to another place: evil.example"),
        ("app.acme.example/keys", "evil.example/keys", "people to another place: evil.example"),
        ("scope-separator = \",\"", "scope-separator = \" \"", "writes scopes in another way"),
        ("status = 401", "status = 403", "other answers for the end of a credential"),
        ("rotation = true\ngrace-seconds = 60\n", "", "renews tokens in another way"),
        ("grace-seconds = 60", "grace-seconds = 600", "renews tokens in another way"),
        ("API key of Acme", "Password of your bank", "asks the person for Password of your bank instead of API key"),
        ("\"eu\", \"us\"", "\"eu\", \"us\", \"cn\"", "uses the field place in another way"),
        ("[0-9]{1,9}", "[0-9a-z]{1,9}", "uses the field firm in another way"),
        ("per-second = 5", "per-second = 6", "faster than a bound that held before: 5 in a second"),
        ("concurrency = 2\n", "", "faster than a bound"),
        ("scope = \"connection\"", "scope = \"account\"", "faster than a bound"),
        ("per-second = 5", "per-second = 5\npath = \"/v1/\"", "faster than a bound"),
        ("key = [\"/id\"]", "key = [\"/name\"]", "tells the records of clients apart"),
        ("per-account = true\n", "", "reads clients for the whole connection"),
        ("schedule = \"6h\"", "schedule = \"1h\"", "reads clients more often"),
        ("schedule = \"6h\"", "mode = \"full\"\nschedule = \"6h\"", "for deleted: clients"),
        ("value = \"/id\"", "value = \"/parent\"", "offers other choices"),
        ("label = \"/name\"", "label = \"/other\"", "offers other choices"),
        ("idempotency = \"key\"\nkey-life = \"1h\"", "idempotency = \"find\"", "resolves a lost answer of note"),
        ("key-life = \"1h\"", "key-life = \"2h\"", "again with its key for longer"),
        ("key-life = \"1h\"\n", "", "again with its key for longer"),
        ("settle = \"300s\"", "settle = \"120s\"", "believes sooner"),
        ("settle = \"300s\"\n", "", "believes sooner"),
        ("ordered = true\n", "", "side by side: note"),
        ("ordered = true", "ordered = true\nmulti-step = true", "several requests for one item: note"),
        ("ordered = true", "ordered = true\nupdate = true", "changes what it wrote before: note"),
        ("\"required\": [\"id\"], ", "", "other targets"),
        ("picker = \"client\"\n", "", "other targets"),
        ("max = 2", "max = 3", "more files"),
        ("application/pdf", "application/*", "more files, or others"),
        ("types = [\"application/pdf\"]", "types = []", "more files, or others"),
        ("{\"text\": \"{text}\"}", "{\"text\": \"{text} {meeting-title}\"}", "other parts of a meeting"),
    ] {
        let lines = rich(&[(from, to)]).beyond(&granted);
        assert!(lines.iter().any(|line| line.contains(told)), "{to}: {told:?} is not in {lines:#?}");
    }
}

#[test]
fn less_of_it_is_no_power_and_neither_are_words() {
    let granted = rich(&[]);
    for (from, to) in [
        ("summary = \"Reads the books.\"", "summary = \"Reads all of the books.\""),
        ("title = \"How\"", "title = \"How to connect\""),
        ("app.acme.example/settings", "app.acme.example/other/settings"),
        ("label = \"Log in\"", "label = \"Log in to Acme\""),
        ("label = \"Place\"", "label = \"Where your firm is\""),
        ("\"eu\", \"us\"", "\"eu\""),
        ("per-second = 5", "per-second = 4\nper-minute = 60"),
        ("schedule = \"6h\"", "schedule = \"12h\""),
        ("meaning = \"clients\"", "meaning = \"clients of the firm\""),
        ("title = \"Client\"", "title = \"Which client\""),
        ("key-life = \"1h\"", "key-life = \"30m\""),
        ("settle = \"300s\"", "settle = \"10m\""),
        ("attachments = { max = 2, types = [\"application/pdf\"] }\n", ""),
        ("max = 2", "max = 1"),
        ("\"text\": {\"type\": \"string\"}", "\"text\": {\"type\": \"string\", \"maxLength\": 9}"),
        ("\n[action.meeting]\npart = \"note\"\npayload = '{\"text\": \"{text}\"}'\n", ""),
    ] {
        assert_eq!(rich(&[(from, to)]).beyond(&granted), Vec::<String>::new(), "{to}");
    }
    // A second bound beside the first takes nothing away.
    let more = rich(&[("[[rate]]", "[[rate]]\nscope = \"connector\"\nper-second = 50\n\n[[rate]]")]);
    assert_eq!(more.beyond(&granted), Vec::<String>::new());
}

#[test]
fn a_bound_that_was_never_given_is_not_missed() {
    let without = rich(&[("[[rate]]\nscope = \"connection\"\nper-second = 5\nconcurrency = 2\n", "")]);
    assert_eq!(rich(&[]).beyond(&without), Vec::<String>::new());
    assert_eq!(without.beyond(&rich(&[])).len(), 1);
}

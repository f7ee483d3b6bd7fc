use super::*;

mod logins;
mod refusals;
mod sealed;
mod told;

/// A manifest that uses everything that can be declared.
const GOOD: &str = r#"id = "acme.books"
version = "0.1.0"
contract = "0.1.0"
name = "Books"
category = "accounting"
summary = "Reads the books."
logo = "logo.svg"
checklist = ["An administrator's login"]
settings = '{"type": "object"}'

[limits]
memory-mib = 64
run-minutes = 30

[config]
schema = '{"type": "object", "properties": {"path": {"type": "string"}}}'
defaults = '{"path": "/x"}'

[[guide]]
id = "end-user"
audience = "the person who connects"
title = "Connect"
text = "Log in."

[[auth]]
id = "oauth"
kind = "oauth2"
label = "Log in"
rotation = true
grace-seconds = 60
issuer = "https://login.acme.example"

[auth.authorize]
url = "https://{shop}.acme.example/authorize"
params = { prompt = "consent" }

[auth.token]
url = "https://login.acme.example/f/{firm_id}/token"

[auth.refresh]
url = "https://login.acme.example/f/{firm_id}/refresh"
params = { redirect_uri = "{redirect_uri}" }

[[auth.field]]
id = "shop"
label = "Shop"
type = "subdomain"
suffix = ".acme.example"

[[auth.field]]
id = "region"
label = "Region"
type = "select"
options = ["eu", "us"]

[[auth.scope]]
name = "read"
reason = "to read invoices"

[[auth.fact]]
id = "firm_id"
from = "callback:firm"
pattern = "[0-9]+"

[[auth.slot]]
id = "main"
standard = true
place = "header"
name = "Authorization"
value = "Bearer {access_token}"

[[auth.expired]]
status = 401

[[auth]]
id = "key"
kind = "fields"
label = "Key"

[[auth.field]]
id = "token"
label = "Token"
type = "secret"
pattern = "[a-z]+"

[[auth.slot]]
id = "main"
standard = true
place = "json"
name = "/auth/key"
value = "{token}"

[[host]]
origin = "https://api.acme.example"
paths = ["/f/{firm_id}/", "/me"]
methods = ["GET", "POST"]
slots = ["main"]
reason = "the API"

[[rate]]
scope = "connection"
path = "/f/"
per-second = 5

[[stream]]
name = "invoices"
title = "Invoices"
key = ["/id"]
schedule = "6h"
cursor = { pointer = "/since", kind = "time", zone = "Europe/Brussels", look-back = "10m" }
function = "accounting"
meaning = "all invoices"

[[picker]]
name = "invoice"
title = "Invoice"
from-stream = "invoices"
value = "/id"
label = "/number"

[[action]]
name = "remark"
title = "Remark"
function = "notes"
meaning = "a remark on an invoice"
schema = '{"type": "object"}'
target = '{"type": "object", "properties": {"id": {"type": "string"}}}'
picker = "invoice"
idempotency = "find"
settle = "120s"
"#;

fn read(text: &str) -> Result<Manifest, Vec<Problem>> {
    parse(text, &|name| (name == "logo.svg").then(|| "<svg><path d='M0 0'/></svg>".to_owned()))
}

/// The good manifest with `from` changed to `to` once, and the line on which that stands.
fn changed(from: &str, to: &str) -> (String, usize) {
    let at = GOOD.find(from).unwrap_or_else(|| panic!("{from:?} is not in the manifest"));
    (GOOD.replacen(from, to, 1), line_of(GOOD, at))
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[test]
fn a_good_manifest_is_read_with_its_logo() {
    let manifest = read(GOOD).unwrap();
    assert_eq!(manifest.logo.as_deref(), Some("<svg><path d='M0 0'/></svg>"));
    assert_eq!(manifest.auths.len(), 2);
    assert_eq!(manifest.streams[0].key, ["/id"]);
}

#[test]
fn the_packed_json_is_the_same_manifest() {
    let manifest = read(GOOD).unwrap();
    let json = serde_json::to_string(&manifest).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&json).unwrap(), manifest);
    assert_eq!(crate::manifest::validate(&manifest), []);
}

/// What is changed, to what, the key of the problem, and a word of its remedy.
const WRONG: &[(&str, &str, &str, &str)] = &[
    ("id = \"acme.books\"", "id = \"Acme\"", "id", "publisher.name"),
    ("id = \"acme.books\"", "id = \"acme.books.more\"", "id", "publisher.name"),
    ("version = \"0.1.0\"", "version = \"1\"", "version", "three numbers"),
    ("contract = \"0.1.0\"", "contract = \"v1\"", "contract", "three numbers"),
    ("summary = \"Reads the books.\"", "summary = \" \"", "summary", "catalog"),
    ("logo = \"logo.svg\"", "logo = \"other.svg\"", "logo", "beside connector.toml"),
    ("logo = \"logo.svg\"", "logo = \"../logo.svg\"", "logo", "beside connector.toml"),
    ("logo = \"logo.svg\"", "logo = \"logo.png\"", "logo", "SVG"),
    ("logo = \"logo.svg\"", "logo = \"<svg><script/></svg>\"", "logo", "plain SVG"),
    ("settings = '{\"type\": \"object\"}'", "settings = '{\"type\": \"array\"}'", "settings", "object"),
    (
        "settings = '{\"type\": \"object\"}'",
        "settings = '{\"type\": \"object\", \"$ref\": \"#/x\"}'",
        "settings",
        "correct",
    ),
    ("memory-mib = 64", "memory-mib = 513", "limits.memory-mib", "1 to 512"),
    ("run-minutes = 30", "run-minutes = 0", "limits.run-minutes", "1 to 240"),
    ("defaults = '{\"path\": \"/x\"}'", "defaults = '{\"path\": 1}'", "config.defaults", "schema allows"),
    ("defaults = '{\"path\": \"/x\"}'", "defaults = '7'", "config.defaults", "object"),
    ("id = \"end-user\"", "id = \"End user\"", "guide[0].id", "lower-case"),
    (
        "grace-seconds = 60\nissuer",
        "grace-seconds = 60\nidle-days = 1\nissuer = \"http://x.example\"\n#",
        "auth[0].issuer",
        "https",
    ),
    ("rotation = true\ngrace-seconds", "grace-seconds", "auth[0].grace-seconds", "rotation = true"),
    ("url = \"https://{shop}.acme", "url = \"http://{shop}.acme", "auth[0].authorize.url", "https://"),
    (
        "url = \"https://{shop}.acme.example/authorize",
        "url = \"https://acme.example/{firm_id}",
        "auth[0].authorize.url",
        "{shop}",
    ),
    ("prompt = \"consent\"", "client_id = \"x\"", "auth[0].authorize.params.client_id", "standard"),
    ("prompt = \"consent\"", "scope = \"x\"", "auth[0].authorize.params.scope", "[[auth.scope]]"),
    ("prompt = \"consent\"", "prompt = \"{nobody}\"", "auth[0].authorize.params.prompt", "{shop}"),
    (
        "redirect_uri = \"{redirect_uri}\"",
        "redirect_uri = \"x\"",
        "auth[0].refresh.params.redirect_uri",
        "{redirect_uri}",
    ),
    ("suffix = \".acme.example\"", "suffix = \"acme.example\"", "auth[0].field[0].suffix", "dot"),
    ("suffix = \".acme.example\"", "suffix = \".co.uk\"", "auth[0].field[0].suffix", "dot"),
    ("options = [\"eu\", \"us\"]", "options = []", "auth[0].field[1].options", "options ="),
    ("type = \"select\"\noptions", "type = \"text\"\noptions", "auth[0].field[1].options", "select"),
    ("name = \"read\"", "name = \"read write\"", "auth[0].scope[0].name", "each"),
    ("from = \"callback:firm\"", "from = \"firm\"", "auth[0].fact[0].from", "callback:NAME"),
    ("from = \"callback:firm\"", "from = \"answer:/access_token\"", "auth[0].fact[0].from", "no secret"),
    ("pattern = \"[0-9]+\"", "pattern = \"[0-9\"", "auth[0].fact[0].pattern", "regular expression"),
    ("name = \"Authorization\"", "name = \"Host\"", "auth[0].slot[0].name", "another header"),
    ("Bearer {access_token}", "Bearer {refresh_token}", "auth[0].slot[0].value", "{access_token}"),
    ("Bearer {access_token}", "Bearer", "auth[0].slot[0].value", "{access_token}"),
    ("Bearer {access_token}", "Bearer {region}", "auth[0].slot[0].value", "{access_token}"),
    ("pattern = \"[a-z]+\"", "pattern = \"(\"", "auth[1].field[0].pattern", "regular expression"),
    ("name = \"/auth/key\"", "name = \"auth\"", "auth[1].slot[0].name", "/owner/login"),
    (
        "place = \"json\"\nname = \"/auth/key\"\nvalue = \"{token}\"",
        "place = \"basic\"\nvalue = \"{token}\"",
        "auth[1].slot[0].value",
        "{user}:{password}",
    ),
    ("status = 401", "status = 200", "auth[0].expired[0].status", "401"),
    ("https://api.acme.example", "http://api.acme.example", "host[0].origin", "https://api.acme.example"),
    ("https://api.acme.example", "https://API.acme.example", "host[0].origin", "lower case"),
    ("https://api.acme.example", "https://api.acme.example/", "host[0].origin", "paths"),
    ("https://api.acme.example", "https://x@api.acme.example", "host[0].origin", "slot"),
    ("https://api.acme.example", "https://api.acme.example?x", "host[0].origin", "paths"),
    ("https://api.acme.example", "https://127.0.0.1", "host[0].origin", "name"),
    ("https://api.acme.example", "https://2130706433", "host[0].origin", "name"),
    ("https://api.acme.example", "https://[::1]", "host[0].origin", "name"),
    ("https://api.acme.example", "https://localhost", "host[0].origin", "dot"),
    ("https://api.acme.example", "https://*.acme.example", "host[0].origin", "subdomain"),
    ("https://api.acme.example", "https://{region}.acme.example", "host[0].origin", "subdomain"),
    ("https://api.acme.example", "https://x{shop}.acme.example", "host[0].origin", "{field}"),
    ("https://api.acme.example", "https://{shop}.other.example", "host[0].origin", ".acme.example"),
    ("https://api.acme.example", "https://api.acme.example:443", "host[0].origin", ":443"),
    ("https://api.acme.example", "https://api.acme.example:0", "host[0].origin", "65535"),
    ("\"/me\"", "\"me\"", "host[0].paths[1]", "begin with /"),
    ("\"/me\"", "\"/a/../b\"", "host[0].paths[1]", ".."),
    ("\"/me\"", "\"/{token}/\"", "host[0].paths[1]", "[[auth.fact]]"),
    ("\"/me\"", "\"/*\"", "host[0].paths[1]", "starts with"),
    ("methods = [\"GET\", \"POST\"]", "methods = [\"GET\", \"post\"]", "host[0].methods[1]", "POST"),
    ("methods = [\"GET\", \"POST\"]", "methods = []", "host[0].methods", "GET"),
    ("slots = [\"main\"]", "slots = [\"main\", \"mian\"]", "host[0].slots[1]", "main"),
    ("per-second = 5", "per-second = 0", "rate[0].per-second", "1 or more"),
    ("name = \"invoices\"", "name = \"Invoices\"", "stream[0].name", "lower-case"),
    ("key = [\"/id\"]", "key = []", "stream[0].key", "[\"/id\"]"),
    ("key = [\"/id\"]", "key = [\"id\"]", "stream[0].key[0]", "/id"),
    ("schedule = \"6h\"", "schedule = \"often\"", "stream[0].schedule", "15m"),
    ("schedule = \"6h\"", "schedule = \"5s\"", "stream[0].schedule", "1m"),
    ("schedule = \"6h\"", "schedule = \"15s\"", "stream[0].schedule", "1m"),
    ("schedule = \"6h\"", "schedule = { every = \"15s\" }", "stream[0].schedule", "1m"),
    ("schedule = \"6h\"", "schedule = 15", "stream[0].schedule", "kind that is expected"),
    ("schedule = \"6h\"", "schedule = {}", "stream[0].schedule", "cron"),
    ("schedule = \"6h\"", "schedule = { crom = \"30 2 * * *\" }", "stream[0].schedule.crom", "cron"),
    ("schedule = \"6h\"", "schedule = { cron = \"0 30 2 * * *\" }", "stream[0].schedule", "five fields"),
    ("schedule = \"6h\"", "schedule = { cron = \"0 0 30 2 *\" }", "stream[0].schedule", "a day that a month has"),
    (
        "schedule = \"6h\"",
        "schedule = { cron = \"0 2 * * *\", zone = \"CEST\" }",
        "stream[0].schedule",
        "Europe/Brussels",
    ),
    ("schedule = \"6h\"", "schedule = { cron = \"0 2 * * *\", jitter = \"2h\" }", "stream[0].schedule", "1h or less"),
    ("pointer = \"/since\"", "pointer = \"since\"", "stream[0].cursor.pointer", "/id"),
    ("kind = \"time\", z", "kind = \"times\", z", "stream[0].cursor.kind", "time"),
    ("kind = \"time\", z", "kind = \"unix-millis\", z", "stream[0].cursor.zone", "kind = \"time\""),
    ("zone = \"Europe/Brussels\"", "zone = \"Brussels\"", "stream[0].cursor.zone", "IANA"),
    ("look-back = \"10m\"", "look-back = \"a bit\"", "stream[0].cursor.look-back", "10m"),
    ("look-back = \"10m\"", "look-back = \"32d\"", "stream[0].cursor.look-back", "31d or less"),
    (
        "kind = \"time\", zone = \"Europe/Brussels\"",
        "kind = \"number\"",
        "stream[0].cursor.look-back",
        "leave look-back out",
    ),
    ("cursor = {", "mode = \"full\"\ncursor = {", "stream[0].cursor", "leave cursor out"),
    ("from-stream = \"invoices\"", "from-stream = \"bills\"", "picker[0].from-stream", "invoices"),
    (
        "label = \"/number\"",
        "label = \"/number\"\n\n[[picker.parent]]\npicker = \"firm\"",
        "picker[0].parent[0].picker",
        "[[picker]]",
    ),
    ("picker = \"invoice\"", "picker = \"invoces\"", "action[0].picker", "invoice"),
    (
        "\"properties\": {\"id\": {\"type\": \"string\"}}}'\npicker = \"invoice\"",
        "\"properties\": {}}'\npicker = \"invoice\"",
        "action[0].picker",
        "\"id\"",
    ),
    ("settle = \"120s\"", "settle = \"soon\"", "action[0].settle", "120s"),
];

#[test]
fn everything_wrong_is_told_with_line_and_remedy() {
    for (from, to, key, word) in WRONG {
        let (text, line) = changed(from, to);
        let problems = read(&text).expect_err(to);
        let problem =
            problems.iter().find(|problem| problem.key == *key).unwrap_or_else(|| panic!("{to}: {problems:#?}"));
        assert!(problem.remedy.contains(word), "{to}: {problem}");
        let (first, last, found) = (line, line + to.matches('\n').count(), problem.line.unwrap());
        assert!((first..=last).contains(&found), "{to}: {problem} is not on lines {first} to {last}");
        let leaf = key.rsplit('.').next().unwrap();
        let written = text.lines().nth(found - 1).unwrap();
        assert!(written.contains(leaf) || leaf.ends_with(']'), "{to}: {problem} is not on: {written}");
        assert!(problem.to_string().starts_with(&format!("connector.toml:{found}: {key}: ")), "{problem}");
    }
}

#[test]
fn a_schedule_may_be_a_table_and_keeps_its_meaning_when_it_is_packed() {
    let (text, _) = changed("schedule = \"6h\"", "schedule = { cron = \"30 2 * * *\", zone = \"Europe/Brussels\" }");
    let manifest = read(&text).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let packed = serde_json::to_string(&manifest).unwrap();
    for manifest in [manifest, serde_json::from_str(&packed).unwrap()] {
        let schedule = crate::Schedule::parse(&manifest.streams[0].schedule);
        let jitter = std::time::Duration::from_secs(60);
        let (cron, zone) = ("30 2 * * *".to_owned(), "Europe/Brussels".to_owned());
        assert_eq!(schedule, Ok(crate::Schedule::Cron { cron, zone, jitter }));
    }
}

#[test]
fn all_problems_are_told_at_once_in_the_order_of_the_lines() {
    let text = GOOD
        .replace("version = \"0.1.0\"", "version = \"x\"")
        .replace("memory-mib = 64", "memory-mib = 0")
        .replace("schedule = \"6h\"", "schedule = \"\"");
    let problems = read(&text).unwrap_err();
    let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["version", "limits.memory-mib", "stream[0].schedule"]);
    assert!(problems.is_sorted_by_key(|problem| problem.line));
}

#[test]
fn what_is_left_out_is_told_on_the_line_around_it() {
    for (removed, around, key, word) in [
        ("standard = true\n", "[[auth.slot]]", "auth[0].slot", "standard = true"),
        (
            "[auth.token]\nurl = \"https://login.acme.example/f/{firm_id}/token\"\n",
            "[[auth]]",
            "auth[0].token",
            "[auth.token]",
        ),
        ("label = \"/number\"\n", "[[picker]]", "picker[0].label", "pointer"),
        ("slots = [\"main\"]\n", "id = \"main\"", "auth[0].slot[0].id", "slots = [\"main\"]"),
    ] {
        let (text, _) = changed(removed, "");
        let problem = read(&text).unwrap_err().into_iter().find(|problem| problem.key == key).expect(key);
        assert_eq!(problem.line, Some(line_of(&text, text.find(around).unwrap())), "{problem}");
        assert!(problem.remedy.contains(word), "{problem}");
    }
}

#[test]
fn an_unknown_key_suggests_the_nearest() {
    for (from, to, key, word) in [
        ("summary =", "sumary =", "sumary", "did you mean summary?"),
        ("per-second =", "per_second =", "rate[0].per_second", "did you mean per-second?"),
        ("from-stream =", "stream =", "picker[0].stream", "did you mean from-stream?"),
        ("[[auth.fact]]", "[[auth.facts]]", "auth[0].facts", "did you mean fact?"),
        ("[[stream]]", "[[streams]]", "streams", "did you mean stream?"),
        ("category = \"accounting\"", "category = \"acounting\"", "category", "did you mean accounting?"),
        ("idempotency = \"find\"", "idempotency = \"zzzzzzzzzz\"", "action[0].idempotency", "upsert"),
        ("checklist =", "zzzzzzzzzzzz =", "zzzzzzzzzzzz", "write one of"),
    ] {
        let (text, line) = changed(from, to);
        let problems = read(&text).expect_err(to);
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].line, problems[0].key.as_str()), (Some(line), key), "{}", problems[0]);
        assert!(problems[0].remedy.contains(word), "{}", problems[0]);
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_line() {
    for (from, to, word) in [
        ("version = \"0.1.0\"", "version = 0.1.0", "TOML"),
        ("version = \"0.1.0\"", "version = 1", "kind"),
        ("memory-mib = 64", "memory-mib = \"much\"", "kind"),
        ("schema = '{\"type\": \"object\", ", "schema = '{\"type\": \"object\" ", "JSON between"),
        ("rotation = true", "rotation = true\nrotation = true", "keep one of the two"),
    ] {
        let (text, line) = changed(from, to);
        let problems = read(&text).expect_err(to);
        let last = line + to.matches('\n').count();
        assert!((line..=last).contains(&problems[0].line.unwrap()), "{}", problems[0]);
        assert!(problems[0].remedy.contains(word), "{}", problems[0]);
    }
    let (text, _) = changed("rotation = true", "rotation = true\nrotation = true");
    let twice = read(&text).unwrap_err()[0].to_string();
    assert!(twice.contains("`rotation` stands here for the second time"), "{twice}");
    let (text, _) = changed("schedule = \"6h\"\n", "");
    assert!(read(&text).unwrap_err()[0].remedy.contains("write schedule ="));
}

#[test]
fn lists_are_bounded_before_anything_else_is_checked() {
    let options = vec!["\"a\""; 501].join(", ");
    let (text, line) = changed("options = [\"eu\", \"us\"]", &format!("options = [{options}]"));
    let problems = read(&text).unwrap_err();
    assert_eq!((problems.len(), problems[0].line), (1, Some(line)), "{}", problems[0]);
    let paths = (0..2_000).map(|path| format!("\"/{path}\"")).collect::<Vec<_>>().join(", ");
    let (text, _) = changed("paths = [\"/f/{firm_id}/\", \"/me\"]", &format!("paths = [{paths}]"));
    assert!(read(&text).unwrap_err()[0].message.contains("8000 combinations"));
}

/// A picker behind the one of [`GOOD`], and what is wrong with the two.
fn picked(first: &str, second: &str) -> Vec<(String, String)> {
    let text = GOOD.replacen("label = \"/number\"\n", &format!("label = \"/number\"\n{first}\n{second}\n"), 1);
    let problems = read(&text).err().unwrap_or_default();
    assert!(problems.iter().all(|problem| problem.line.is_some()), "{problems:?}");
    problems.into_iter().map(|problem| (problem.key, problem.message)).collect()
}

#[test]
fn a_choice_may_depend_on_others_but_not_in_a_circle() {
    let search = |parent: &str| format!("[[picker]]\nname = \"firm\"\ntitle = \"Firm\"\n{parent}");
    let parent = |picker: &str, rest: &str| format!("[[picker.parent]]\npicker = \"{picker}\"\n{rest}");
    let pointed = parent("firm", "pointer = \"/firm/id\"");
    assert_eq!(picked(&pointed, &search("")), []);
    let wrong = |first: &str, second: &str| {
        let found = picked(first, second);
        assert_eq!(found.len(), found.iter().filter(|(key, _)| key.starts_with("picker[")).count(), "{found:?}");
        found.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    let circle = [search(&parent("invoice", "")), search(&parent("firm", ""))];
    assert_eq!(wrong(&pointed, &circle[0]), ["picker[0].parent[0].picker", "picker[1].parent[0].picker"]);
    assert_eq!(wrong("", &circle[1]), ["picker[1].parent[0].picker"], "it depends on itself");
    assert_eq!(wrong(&parent("firm", ""), &search("")), ["picker[0].parent[0].pointer"]);
    assert_eq!(wrong(&parent("firm", "pointer = \"id\""), &search("")), ["picker[0].parent[0].pointer"]);
    let searched = search(&parent("invoice", "pointer = \"/id\""));
    assert_eq!(wrong("", &searched), ["picker[1].parent[0].pointer"], "the connector is told the choice");
    assert_eq!(wrong(&format!("{pointed}\n{pointed}"), &search("")), ["picker[0].parent[1].picker"]);
    let many: String = (0..6).map(|n| parent(&format!("p{n}"), "pointer = \"/id\"") + "\n").collect();
    assert_eq!(wrong(&many, &search("")), ["picker[0].parent"]);
}

#[test]
fn two_of_one_name_are_told() {
    for (list, key) in [
        ("[[stream]]", "stream[1].name"),
        ("[[picker]]", "picker[1].name"),
        ("[[action]]", "action[1].name"),
        ("[[guide]]", "guide[1].id"),
    ] {
        let from = GOOD.find(list).unwrap();
        let to = GOOD[from + 2..].find("\n[").map_or(GOOD.len(), |end| from + 2 + end + 1);
        let text = format!("{}{}{}", &GOOD[..to], &GOOD[from..to], &GOOD[to..]);
        let problems = read(&text).expect_err(list);
        assert_eq!(problems.iter().map(|problem| problem.key.as_str()).collect::<Vec<_>>(), [key]);
    }
    let (text, _) = changed("id = \"oauth\"", "id = \"key\"");
    let problems = read(&text).unwrap_err();
    assert_eq!((problems.len(), problems[0].key.as_str()), (1, "auth[1].id"));
    assert_eq!(problems[0].line, Some(line_of(&text, text.rfind("id = \"key\"").unwrap())));
}

#[test]
fn no_text_makes_the_reader_panic() {
    for end in (0..GOOD.len()).filter(|end| GOOD.is_char_boundary(*end)) {
        let _ = read(&GOOD[..end]);
    }
    for at in (0..GOOD.len()).step_by(3) {
        for put in ["\"", "é", "[[", "=", "{", "\n", "'"] {
            let _ = read(&format!("{}{put}{}", &GOOD[..at], &GOOD[at + 1..]));
        }
    }
}

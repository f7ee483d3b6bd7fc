//! What Slack's customers have besides: tokens that end twice a day or never, two workspaces, channels that are private, an app
//! outside the marketplace, and messages that must not be there twice.

use std::{collections::BTreeSet, time::Duration};

use patchbay_connector_tests::packed_at_once;
use patchbay_it::{Rig, RigSetup, Tenant, leads, pdf};
use patchbay_test_support::{
    Browser, Result, Trouble,
    fakes::{Act, FakesConfig, Login, Rule, Stand, also, slack::Slack},
    wait_until,
};
use serde_json::{Value, json};

use super::walk;

const ID: &str = "patchbay.slack";
const LIMIT: Duration = Duration::from_secs(60);
const HISTORY: &str = "/api/conversations.history";
const HOUR: Duration = Duration::from_secs(3_600);
/// Longer than a write that is in doubt is left alone before it is looked for.
const SETTLED: Duration = Duration::from_secs(400);

struct World {
    rig: Rig,
    tenant: Tenant,
}

impl World {
    fn start() -> Result<Self> {
        let also = also::all().into_iter().filter(|fake| fake.name() == "slack").collect();
        let fakes = Some(FakesConfig { also, ..FakesConfig::small() });
        let rig = RigSetup { fakes, test_clock: true, ..RigSetup::default() }.start()?;
        rig.install(packed_at_once("slack")?)?;
        let tenant = rig.tenant("A")?;
        let world = Self { rig, tenant };
        let client = world.fake()?.client();
        world.fake()?.allow_redirect(&world.rig.register(ID, &client.id, &client.secret)?);
        Ok(world)
    }

    fn stand(&self) -> Result<&Stand<Slack>> {
        self.rig.fakes.stand::<Slack>().ok_or_else(|| Trouble::new("the fake was not started"))
    }

    fn fake(&self) -> Result<&Slack> {
        Ok(self.stand()?.provider.as_ref())
    }

    fn connect(&self, login: &Login, team: &str) -> Result<String> {
        let session = self.tenant.session(ID, &json!({ "verification": "off" }))?;
        let mut browser = Browser::default();
        let away = browser.link(&session.url, ID, &[])?;
        let back = walk(&mut browser, &leads(&away)?, login, team, "allow")?;
        browser.return_to(&back)?;
        self.tenant.made_by(&session.id)
    }

    /// A connection of the first workspace whose streams were read.
    fn connected(&self) -> Result<String> {
        let connection = self.connect(&self.fake()?.login(), self.fake()?.team())?;
        self.tenant.settled()?;
        Ok(connection)
    }

    fn run(&self, connection: &str, stream: &str) -> Result<Value> {
        self.tenant.ended(&self.tenant.run(&self.tenant.sync(connection, stream)?)?)
    }

    fn read(&self, connection: &str, stream: &str) -> Result<()> {
        let run = self.run(connection, stream)?;
        assert_eq!(run["state"], json!("done"), "{run}");
        Ok(())
    }

    /// Keys that the feed has of a stream.
    fn keys(&self, stream: &str) -> Result<BTreeSet<String>> {
        let of = |change: &&Value| change["stream"] == json!(stream) && change["operation"] != json!("delete");
        let changes = self.tenant.feed(0)?;
        Ok(changes.iter().filter(of).filter_map(|change| change["key"].as_str()).map(str::to_owned).collect())
    }

    /// Keys that a stream of messages has to have.
    fn truth(&self, kind: &str) -> Result<BTreeSet<String>> {
        let records = self.fake()?.records(kind);
        Ok(records.iter().map(|record| json!([record["channel_id"], record["ts"]]).to_string()).collect())
    }

    /// Sends a message; its push.
    fn send(&self, connection: &str, key: &str, to: &str, text: &str) -> Result<String> {
        let item = json!({ "connection": connection, "action": "message", "key": key, "target": { "id": to },
            "payload": { "text": text } });
        self.tenant.api.post("/v1/pushes", &item)?.expect(201)?.text_at("/id")
    }

    /// All that the bot has said, anywhere.
    fn posted(&self) -> Result<Vec<Value>> {
        Ok(self.fake()?.records("posted"))
    }

    fn within_the_sheet(&self) -> Result<()> {
        let refusals: Vec<String> =
            self.stand()?.journal.entries().into_iter().filter_map(|entry| entry.refusal).collect();
        assert_eq!(refusals, Vec::<String>::new());
        Ok(())
    }
}

#[test]
fn a_token_is_renewed_twice_a_day_and_each_refresh_token_is_used_once() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    assert_eq!(world.fake()?.tokens_given(), 1);
    for given in [2, 3] {
        world.rig.advance(12 * HOUR)?;
        world.read(&connection, "users")?;
        assert_eq!(world.fake()?.tokens_given(), given, "one renewal for all streams");
    }
    assert_eq!(world.tenant.stands(&connection)?.0, "active");
    world.within_the_sheet()
}

#[test]
fn a_refresh_whose_answer_is_lost_asks_for_a_new_consent() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    world.stand()?.script.add(Rule::on("POST", "/api/oauth.v2.access", Act::LoseAnswer));
    world.rig.advance(13 * HOUR)?;
    world.rig.advance_until("the connection to be broken", Duration::from_secs(60), LIMIT, || {
        Ok((world.tenant.stands(&connection)?.0 == "broken").then_some(()))
    })?;
    assert_eq!(world.tenant.stands(&connection)?.1, "PB2002");
    assert_eq!(world.fake()?.tokens_given(), 2, "the second one nobody has");
    assert_eq!(world.connect(&world.fake()?.login(), world.fake()?.team())?, connection);
    world.read(&connection, "users")?;
    world.within_the_sheet()
}

#[test]
fn a_token_that_never_ends_is_kept_as_it_is() -> Result<()> {
    let world = World::start()?;
    world.fake()?.rotate(false);
    let connection = world.connected()?;
    world.rig.advance(24 * 10 * HOUR)?;
    world.tenant.settled()?;
    world.read(&connection, "users")?;
    assert_eq!(world.fake()?.tokens_given(), 1);
    assert_eq!(world.tenant.stands(&connection)?.0, "active");
    world.tenant.settled()?;
    world.fake()?.close_account();
    let run = world.run(&connection, "users")?;
    assert_eq!((&run["state"], &run["reason"]["code"]), (&json!("failed"), &json!("PB2002")), "{run}");
    world.within_the_sheet()
}

#[test]
fn each_workspace_is_a_connection_and_the_same_one_again_is_no_other() -> Result<()> {
    let world = World::start()?;
    let first = world.connected()?;
    let (els, jan) = (world.fake()?.login(), world.fake()?.login_of_other());
    let other = world.connect(&els, "T0TWEED02")?;
    assert_ne!(first, other);
    let named = |id: &str| world.tenant.get(&format!("/v1/connections/{id}"))?.text_at("/business_name");
    assert_eq!((named(&first)?, named(&other)?), ("Voorbeeld BV".to_owned(), "Tweede Kantoor".to_owned()));
    assert_eq!(world.connect(&jan, "T0TWEED02")?, other, "another person, the same workspace");
    world.within_the_sheet()
}

#[test]
fn a_private_channel_is_read_and_written_to_from_the_invitation_on() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let hidden = world.fake()?.channel("directie");
    assert!(!world.keys("messages")?.iter().any(|key| key.contains(&hidden)));
    let push = world.tenant.push_ended(&world.send(&connection, "m1", &hidden, "Dag")?)?;
    assert_eq!((&push["state"], &push["reason"]["code"]), (&json!("failed"), &json!("PB3006")), "{push}");
    world.fake()?.invite(&hidden, None);
    for stream in ["messages", "channels", "channel_members"] {
        world.read(&connection, stream)?;
    }
    assert_eq!(world.keys("messages")?, world.truth("message")?, "what was said before the invitation too");
    let push = world.tenant.push_ended(&world.send(&connection, "m2", &hidden, "Dag")?)?;
    assert_eq!(push["state"], json!("done"), "{push}");
    // Put out again, the channel is passed over; nothing else is lost by it.
    world.fake()?.kick(&hidden, None);
    let said = world.fake()?.say(&world.fake()?.channel("general"), None, "Nog iets");
    world.read(&connection, "messages")?;
    assert!(world.keys("messages")?.iter().any(|key| key.contains(&said)));
    world.within_the_sheet()
}

#[test]
fn outside_the_marketplace_a_stream_goes_on_minute_by_minute_and_loses_nothing() -> Result<()> {
    let world = World::start()?;
    let fake = world.fake()?;
    let connection = world.connected()?;
    let slow = json!({ "config": { "messages_per_minute": 1, "messages_page_size": 15 } });
    world.rig.operator.put(&format!("/v1/connectors/{ID}/config"), &slow)?.expect(200)?;
    // Both would ask for the same once a minute.
    let sync = world.tenant.sync(&connection, "replies")?;
    world.tenant.api.patch(&format!("/v1/syncs/{sync}"), &json!({ "enabled": false }))?.expect(200)?;
    fake.rows_per_page(1_000);
    let window = Duration::from_secs(60);
    fake.outside_marketplace(Some(window));
    let general = fake.channel("general");
    (0..40).for_each(|at| drop(fake.say(&general, None, &format!("bericht {at}"))));
    world.rig.advance(window)?;
    let sync = world.tenant.sync(&connection, "messages")?;
    let (mut minutes, mark) = (0, world.stand()?.journal.last());
    while world.keys("messages")? != world.truth("message")? || minutes < 2 {
        minutes += 1;
        if minutes > 30 {
            let runs = world.tenant.runs(&connection)?;
            return Err(Trouble::new(format!("after 30 minutes it still goes on: {runs:?}")));
        }
        let run = world.tenant.ended(&world.tenant.run(&sync)?)?;
        assert!([json!("more_later"), json!("done")].contains(&run["state"]), "{run}");
        if minutes == 1 {
            let push = world.tenant.push_ended(&world.send(&connection, "m1", &general, "Dag")?)?;
            assert_eq!(push["state"], json!("done"), "messages are written meanwhile: {push}");
        }
        world.rig.advance(window + Duration::from_secs(1))?;
    }
    let entries = world.stand()?.journal.since(mark);
    let asked: Vec<_> = entries.iter().filter(|entry| entry.path.ends_with("conversations.history")).collect();
    assert!(asked.len() > 4 && asked.iter().all(|entry| entry.served.len() <= 15), "fifteen at a time");
    assert!(asked.iter().all(|entry| entry.status == Some(200)), "never asked too early");
    world.within_the_sheet()
}

#[test]
fn outside_the_marketplace_a_lost_message_is_found_by_one_request_whatever_was_said_since() -> Result<()> {
    let world = World::start()?;
    let fake = world.fake()?;
    let connection = world.connected()?;
    let slow = json!({ "config": { "messages_per_minute": 1, "messages_page_size": 15 } });
    world.rig.operator.put(&format!("/v1/connectors/{ID}/config"), &slow)?.expect(200)?;
    for stream in ["messages", "replies"] {
        let sync = world.tenant.sync(&connection, stream)?;
        world.tenant.api.patch(&format!("/v1/syncs/{sync}"), &json!({ "enabled": false }))?.expect(200)?;
    }
    fake.rows_per_page(1_000);
    fake.outside_marketplace(Some(Duration::from_secs(60)));
    let (channel, script) = (fake.channel("verslagen"), &world.stand()?.script);
    script.add(Rule::on("POST", "/api/chat.postMessage", Act::LoseAnswer));
    let push = world.send(&connection, "m1", &channel, "Verslag van het overleg")?;
    world.tenant.push_is(&push, &["unknown"])?;
    // Nobody finds it before much more was said.
    let body = json!({ "ok": false, "error": "internal_error" }).to_string();
    script.add(Rule::on("GET", HISTORY, Act::Answer { status: 200, headers: Vec::new(), body }).times(0));
    world.rig.advance(SETTLED)?;
    (0..40).for_each(|at| drop(fake.say(&channel, None, &format!("bericht {at}"))));
    script.clear();
    let mark = world.stand()?.journal.last();
    world.rig.advance_until("the message to be found", Duration::from_secs(61), LIMIT, || {
        let push = world.tenant.get(&format!("/v1/pushes/{push}"))?.json;
        Ok((push["state"] == json!("done")).then_some(()))
    })?;
    assert_eq!(world.posted()?.len(), 1, "and it is there once");
    let entries = world.stand()?.journal.since(mark);
    let asked: Vec<_> = entries
        .iter()
        .filter(|entry| entry.path == HISTORY && entry.status == Some(200))
        .map(|one| one.served.len())
        .collect();
    assert!(matches!(asked.as_slice(), [rows] if *rows <= 15), "{asked:?}");
    world.within_the_sheet()
}

#[test]
fn what_is_written_is_escaped_and_a_person_gets_it_alone() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let text = "a < b & c > d, <@U0VB00002> <!channel> &amp;";
    let push = world.tenant.push_ended(&world.send(&connection, "m1", "U0VB00001", text)?)?;
    assert_eq!(push["state"], json!("done"), "{push}");
    let posted = world.posted()?;
    let [message] = posted.as_slice() else { return Err(Trouble::new(format!("one message: {posted:?}"))) };
    assert_eq!(message["text"], "a &lt; b &amp; c &gt; d, &lt;@U0VB00002&gt; &lt;!channel&gt; &amp;amp;");
    assert!(message["channel_id"].as_str().is_some_and(|id| id.starts_with('D')), "{message}");
    let payload = message["metadata"]["event_payload"].as_object().cloned().unwrap_or_default();
    assert_eq!(payload.keys().collect::<Vec<_>>(), ["key"], "nothing about anybody");
    world.within_the_sheet()
}

#[test]
fn a_message_whose_answer_is_lost_is_found_behind_many_others_and_not_posted_twice() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let channel = world.fake()?.channel("verslagen");
    world.stand()?.script.add(Rule::on("POST", "/api/chat.postMessage", Act::LoseAnswer));
    let push = world.send(&connection, "m1", &channel, "Verslag van het overleg")?;
    world.tenant.push_is(&push, &["unknown"])?;
    let fake = world.fake()?;
    (0..25).for_each(|at| drop(fake.say(&channel, None, &format!("bericht {at}"))));
    world.rig.advance(SETTLED)?;
    let done = wait_until("the message to be found", LIMIT, || {
        let push = world.tenant.get(&format!("/v1/pushes/{push}"))?.json;
        Ok((push["state"] == json!("done")).then_some(push))
    })?;
    let posted = world.posted()?;
    let [message] = posted.as_slice() else { return Err(Trouble::new(format!("one message: {posted:?}"))) };
    let id = format!("{channel}:{}", message["ts"].as_str().unwrap_or_default());
    assert_eq!(done["object"]["id"], json!(id));
    world.within_the_sheet()
}

#[test]
fn what_was_written_where_nobody_may_look_stays_unknown_and_is_not_posted_twice() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    // To a person; and to a public channel that the bot is not in.
    for (key, to) in [("m1", "U0VB00001".to_owned()), ("m2", world.fake()?.channel("random"))] {
        let before = world.posted()?.len();
        world.stand()?.script.add(Rule::on("POST", "/api/chat.postMessage", Act::LoseAnswer));
        let push = world.send(&connection, key, &to, "Dag")?;
        world.tenant.push_is(&push, &["unknown"])?;
        for _ in 0..3 {
            world.rig.advance(SETTLED)?;
            world.tenant.push_is(&push, &["unknown"])?;
        }
        assert_eq!(world.posted()?.len(), before + 1, "{to}");
    }
    world.within_the_sheet()
}

#[test]
fn the_bytes_of_a_file_arrive_as_they_are_whatever_is_lost_on_the_way() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let channel = world.fake()?.channel("verslagen");
    let bytes = pdf(3, 300_000);
    let size = bytes.len();
    let blob = world.tenant.upload("verslag-van-het-overleg.pdf", "application/pdf", bytes)?;
    for (method, path) in [("GET", "/api/files.getUploadURLExternal"), ("POST", "/upload/v1/")] {
        world.stand()?.script.add(Rule::on(method, path, Act::LoseAnswer));
    }
    world.stand()?.script.add(Rule::on("POST", "/api/files.completeUploadExternal", Act::LoseAnswer));
    let item = json!({ "connection": connection, "action": "file", "key": "f1", "target": { "id": channel },
        "payload": { "text": "Zie <bijlage> & tekst" }, "attachments": [{ "blob": blob }] });
    let push = world.tenant.api.post("/v1/pushes", &item)?.expect(201)?.text_at("/id")?;
    world.tenant.push_is(&push, &["unknown"])?;
    world.rig.advance(SETTLED)?;
    world.tenant.push_is(&push, &["done"])?;
    let files = world.fake()?.records("file");
    let [file] = files.as_slice() else { return Err(Trouble::new(format!("one file: {files:?}"))) };
    assert_eq!(file["title"], "verslag-van-het-overleg.pdf");
    assert_eq!(file["size"], json!(size));
    let posted = world.posted()?;
    assert_eq!(posted.len(), 1, "{posted:?}");
    assert_eq!(posted[0]["text"], "Zie &lt;bijlage&gt; &amp; tekst");
    world.within_the_sheet()
}

#[test]
fn a_report_whose_files_are_refused_is_a_persons_to_decide_because_its_message_is_there() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let channel = world.fake()?.channel("verslagen");
    let blob = world.tenant.upload("verslag.pdf", "application/pdf", pdf(3, 20_000))?;
    let refused = json!({ "ok": false, "error": "restricted_action" }).to_string();
    let answer = Act::Answer { status: 200, headers: Vec::new(), body: refused };
    world.stand()?.script.add(Rule::on("POST", "/api/files.completeUploadExternal", answer));
    let item = json!({ "connection": connection, "action": "report", "key": "r1", "target": { "id": channel },
        "payload": { "title": "Verslag", "text": "Alles" }, "attachments": [{ "blob": blob }] });
    let push = world.tenant.api.post("/v1/pushes", &item)?.expect(201)?.text_at("/id")?;
    let push = world.tenant.push_ended(&push)?;
    assert_eq!((&push["state"], &push["reason"]["code"]), (&json!("unknown"), &json!("PB3007")), "{push}");
    assert_eq!(world.posted()?.len(), 1, "its message");
    assert!(world.fake()?.records("file").is_empty());
    world.within_the_sheet()
}

#[test]
fn a_method_that_writes_and_has_to_wait_holds_up_no_reading() -> Result<()> {
    let world = World::start()?;
    let connection = world.connected()?;
    let fake = world.fake()?;
    let blob = world.tenant.upload("verslag.pdf", "application/pdf", pdf(3, 20_000))?;
    let item = |action: &str, to: &str, payload: Value, files: Value| {
        json!({ "connection": connection, "action": action, "key": format!("{action}-{to}"), "target": { "id": to },
            "payload": payload, "attachments": files })
    };
    let (reports, general) = (fake.channel("verslagen"), fake.channel("general"));
    let todo = json!({ "text": "Bellen", "assignee": "p1@voorbeeld.example" });
    for (method, path, item) in [
        ("GET", "/api/files.getUploadURLExternal", item("file", &reports, json!({}), json!([{ "blob": blob }]))),
        ("GET", "/api/users.lookupByEmail", item("todo", &general, todo, json!([]))),
        ("POST", "/api/conversations.open", item("message", "U0VB00001", json!({ "text": "Dag" }), json!([]))),
    ] {
        let body = json!({ "ok": false, "error": "ratelimited" }).to_string();
        let headers = vec![("retry-after".to_owned(), "60".to_owned())];
        world.stand()?.script.add(Rule::on(method, path, Act::Answer { status: 429, headers, body }));
        let waiting = world.tenant.api.post("/v1/pushes", &item)?.expect(201)?.text_at("/id")?;
        world.tenant.push_is(&waiting, &["planned"])?;
        wait_until("it to be refused", LIMIT, || {
            let push = world.tenant.get(&format!("/v1/pushes/{waiting}"))?.json;
            Ok((push["reason"]["code"] == json!("PB3003")).then_some(()))
        })?;
        // Not a second passes.
        world.read(&connection, "users")?;
        // It waits by the clock on the wall, so nobody waits for it here.
        world.tenant.push_is(&waiting, &["planned"])?;
    }
    world.within_the_sheet()
}

//! What Google's customers have besides: boxes that were left out, a refresh token that comes once, two ways to log in, meetings
//! that come again every week, and somebody else who writes into the same event.

use std::{collections::BTreeSet, time::Duration};

use patchbay_it::{Rig, RigSetup, Tenant, items};
use patchbay_test_support::{
    Result, Trouble,
    fakes::{Act, FakesConfig, Rule, Stand, also, google_workspace::GoogleWorkspace},
    wait_until,
};
use serde_json::{Value, json};

use super::{ID, by};

const LIMIT: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

struct World {
    rig: Rig,
    tenant: Tenant,
}

impl World {
    fn start() -> Result<Self> {
        let also = also::all().into_iter().filter(|fake| fake.name() == "google-workspace").collect();
        let fakes = Some(FakesConfig { also, ..FakesConfig::small() });
        let rig = RigSetup { fakes, test_clock: true, ..RigSetup::default() }.start()?;
        rig.install_connectors(&["google-workspace"])?;
        let tenant = rig.tenant("A")?;
        let world = Self { rig, tenant };
        let client = world.fake()?.client();
        world.fake()?.allow_redirect(&world.rig.register(ID, &client.id, &client.secret)?);
        Ok(world)
    }

    fn stand(&self) -> Result<&Stand<GoogleWorkspace>> {
        self.rig.fakes.stand::<GoogleWorkspace>().ok_or_else(|| Trouble::new("the fake was not started"))
    }

    fn fake(&self) -> Result<&GoogleWorkspace> {
        Ok(self.stand()?.provider.as_ref())
    }

    /// Logs in; the connection, whose streams were read as far as they can be.
    fn connect(&self, auth: &str, who: &str, unticked: &[&str]) -> Result<String> {
        let (session, page) = by(&self.tenant, auth, &self.fake()?.login(who), unticked)?;
        let made = self.tenant.made_by(&session).map_err(|error| Trouble::new(format!("{error}: {}", page.text)))?;
        self.tenant.settled()?;
        Ok(made)
    }

    fn run(&self, connection: &str, stream: &str) -> Result<Value> {
        self.tenant.ended(&self.tenant.run(&self.tenant.sync(connection, stream)?)?)
    }

    /// Reads everything, every account of it.
    fn read_all(&self, connection: &str) -> Result<()> {
        for run in self.tenant.run_all(connection)? {
            let run = self.tenant.ended(&run)?;
            assert_eq!(run["state"], json!("done"), "{run}");
        }
        self.tenant.settled()
    }

    fn ends(&self, connection: &str, stream: &str) -> Result<(String, String)> {
        let run = self.run(connection, stream)?;
        let code = run.pointer("/reason/code").and_then(Value::as_str).unwrap_or_default();
        Ok((run["state"].as_str().unwrap_or_default().to_owned(), code.to_owned()))
    }

    /// Keys that the feed has of a stream, without those that went.
    fn keys(&self, stream: &str) -> Result<BTreeSet<String>> {
        let mut keys = BTreeSet::new();
        for change in self.tenant.feed(0)? {
            if change["stream"] == json!(stream) {
                let key = change["key"].as_str().unwrap_or_default().to_owned();
                if change["operation"] == json!("delete") {
                    keys.remove(&key)
                } else {
                    keys.insert(key)
                };
            }
        }
        Ok(keys)
    }

    /// Keys of the events of a calendar at the provider.
    fn events_of(&self, calendar: &str) -> Result<BTreeSet<String>> {
        let all = self.fake()?.stored("event");
        let of = all.iter().filter(|event| event["calendar_id"] == *calendar);
        Ok(of.map(|event| json!([calendar, event["id"]]).to_string()).collect())
    }

    fn push(&self, connection: &str, action: &str, key: &str, target: &str, payload: &Value) -> Result<Value> {
        let item = json!({ "connection": connection, "action": action, "key": key, "target": { "id": target }, "payload": payload });
        let push = self.tenant.api.post("/v1/pushes", &item)?.expect(201)?.text_at("/id")?;
        self.tenant.push_ended(&push)
    }

    fn within_the_sheet(&self) -> Result<()> {
        let refusals: Vec<String> =
            self.stand()?.journal.entries().into_iter().filter_map(|entry| entry.refusal).collect();
        assert_eq!(refusals, Vec::<String>::new());
        Ok(())
    }
}

fn done() -> (String, String) {
    ("done".to_owned(), String::new())
}

fn failed(code: &str) -> (String, String) {
    ("failed".to_owned(), code.to_owned())
}

#[test]
fn a_box_that_was_left_out_closes_its_stream_with_a_word_of_what_to_do_and_a_reconnect_opens_it() -> Result<()> {
    let world = World::start()?;
    let connection = world.connect("calendar", "els", &["calendar.events"])?;
    assert_eq!(world.ends(&connection, "calendars")?, done());
    let run = world.run(&connection, "events")?;
    assert_eq!(run.pointer("/reason/code"), Some(&json!("PB2012")), "{run}");
    assert!(run.to_string().contains("tick every box"), "{run}");
    assert_eq!(world.tenant.stands(&connection)?.0, "active");
    assert_eq!(world.connect("calendar", "els", &[])?, connection);
    assert_eq!(world.ends(&connection, "events")?, done());
    world.within_the_sheet()
}

#[test]
fn without_the_list_of_calendars_the_main_one_is_there() -> Result<()> {
    let world = World::start()?;
    let connection = world.connect("calendar", "els", &["calendar.calendarlist.readonly"])?;
    let accounts = world.tenant.get(&format!("/v1/connections/{connection}"))?.array_at("/accounts")?;
    let ids: Vec<&Value> = accounts.iter().map(|account| &account["provider_id"]).collect();
    assert_eq!(ids, [&json!("els@voorbeeld.example")]);
    assert_eq!(world.ends(&connection, "events")?, done());
    assert_eq!(world.ends(&connection, "calendars")?, failed("PB2012"));
    world.within_the_sheet()
}

#[test]
fn a_refresh_token_comes_once_and_goes_on_for_days() -> Result<()> {
    let world = World::start()?;
    let connection = world.connect("calendar", "els", &[])?;
    assert_eq!(world.fake()?.tokens_given(), (1, 1));
    for given in [2, 3] {
        world.rig.advance(2 * HOUR)?;
        assert_eq!(world.ends(&connection, "calendars")?, done());
        world.tenant.settled()?;
        assert_eq!(world.fake()?.tokens_given(), (given, 1), "a refresh brings no refresh token");
    }
    // A second login asks for the consent page, and so brings another one.
    assert_eq!(world.connect("calendar", "els", &[])?, connection);
    assert_eq!(world.fake()?.tokens_given().1, 2);
    world.within_the_sheet()
}

#[test]
fn an_application_in_testing_ends_after_a_week_and_says_so() -> Result<()> {
    let world = World::start()?;
    world.fake()?.testing(true);
    let connection = world.connect("calendar", "els", &[])?;
    world.rig.advance(24 * 8 * HOUR)?;
    world.rig.advance_until("the connection to be broken", HOUR, LIMIT, || {
        Ok((world.tenant.stands(&connection)? == ("broken".to_owned(), "PB2002".to_owned())).then_some(()))
    })?;
    assert_eq!(world.connect("calendar", "els", &[])?, connection);
    assert_eq!(world.ends(&connection, "calendars")?, done());
    world.within_the_sheet()
}

#[test]
fn a_sync_token_that_is_too_old_is_another_beginning_and_what_went_meanwhile_is_gone() -> Result<()> {
    let world = World::start()?;
    let connection = world.connect("calendar", "els", &[])?;
    let [main, ..] = world.fake()?.calendars();
    let gone = format!("7k2m03{}", main.len());
    let key = json!([main, gone]).to_string();
    assert!(world.keys("events")?.contains(&key));
    assert!(world.fake()?.remove_event(main, &gone));
    world.fake()?.forget_changes();
    // Every list is told so once, and begins afresh at once: nobody has to wait for that.
    for run in world.tenant.run_all(&connection)? {
        let run = world.tenant.ended(&run)?;
        let code = run.pointer("/reason/code").cloned().unwrap_or_default();
        assert!(run["state"] == json!("done") || code == json!("PB3002"), "{run}");
    }
    wait_until("the calendar to be read afresh", LIMIT, || Ok((!world.keys("events")?.contains(&key)).then_some(())))?;
    world.tenant.settled()?;
    let read: BTreeSet<String> = world.keys("events")?.into_iter().filter(|key| key.contains(main)).collect();
    assert_eq!(read, world.events_of(main)?);
    assert_eq!(world.ends(&connection, "events")?, done());
    world.within_the_sheet()
}

#[test]
fn an_event_that_was_cancelled_with_its_id_alone_is_deleted_and_a_day_left_out_of_a_series_stays() -> Result<()> {
    let world = World::start()?;
    let connection = world.connect("calendar", "els", &[])?;
    let [main, ..] = world.fake()?.calendars();
    let before = world.keys("events")?;
    let gone = format!("7k2m03{}", main.len());
    assert!(world.fake()?.remove_event(main, &gone));
    world.read_all(&connection)?;
    let gone: BTreeSet<String> = BTreeSet::from([json!([main, gone]).to_string()]);
    assert_eq!(before.difference(&world.keys("events")?).cloned().collect::<BTreeSet<_>>(), gone);
    let (series, _) = world.fake()?.special_events();
    let left_out =
        |change: &Value| change.to_string().contains("originalStartTime") && change.to_string().contains(series);
    assert!(world.tenant.feed(0)?.iter().any(left_out));
    world.within_the_sheet()
}

#[test]
fn short_and_empty_pages_lose_nothing() -> Result<()> {
    let world = World::start()?;
    world.fake()?.short_pages(Some(3));
    let connection = world.connect("calendar", "els", &[])?;
    let [main, ..] = world.fake()?.calendars();
    let of_main = || -> Result<BTreeSet<String>> {
        Ok(world.keys("events")?.into_iter().filter(|key| key.contains(main)).collect())
    };
    assert_eq!(of_main()?, world.events_of(main)?);
    for at in 0..8 {
        world.fake()?.add_event(main, &format!("7k2mlater{at}"), "Later", 50);
    }
    world.read_all(&connection)?;
    assert_eq!(of_main()?, world.events_of(main)?, "pages of what has changed are as short");
    world.within_the_sheet()
}

#[test]
fn own_calendars_are_read_at_once_and_those_of_others_when_somebody_chooses_them() -> Result<()> {
    let world = World::start()?;
    let connection = world.connect("calendar", "els", &[])?;
    let accounts = world.tenant.get(&format!("/v1/connections/{connection}"))?.array_at("/accounts")?;
    let chosen = |id: &str| {
        accounts.iter().find(|account| account["provider_id"] == *id).map(|account| account["selected"].clone())
    };
    let [main, team, shared, holidays, hidden] = world.fake()?.calendars();
    assert_eq!((chosen(main), chosen(team)), (Some(json!(true)), Some(json!(true))));
    assert_eq!((chosen(shared), chosen(holidays), chosen(hidden)), (Some(json!(false)), Some(json!(false)), None));
    let keys = world.keys("events")?;
    assert!(keys.iter().all(|key| key.contains(main) || key.contains(team)), "{keys:?}");
    world.within_the_sheet()
}

#[test]
fn a_login_without_the_right_does_not_get_into_the_directory() -> Result<()> {
    let world = World::start()?;
    for who in ["els", "piet"] {
        let (session, page) = by(&world.tenant, "directory", &world.fake()?.login(who), &[])?;
        assert!(page.status >= 400, "{} {}", page.status, page.text);
        assert!(world.tenant.made_by(&session).is_err(), "{who}");
    }
    world.within_the_sheet()
}

#[test]
fn what_a_login_does_not_have_is_no_stream_of_its_connection() -> Result<()> {
    let world = World::start()?;
    let directory = world.connect("directory", "an", &[])?;
    for (stream, rows) in [("users", 16), ("group_members", 18)] {
        assert_eq!(world.ends(&directory, stream)?, done(), "{stream}");
        assert_eq!(world.keys(stream)?.len(), rows, "{stream}");
    }
    let calendar = world.connect("calendar", "els", &[])?;
    for (connection, others) in
        [(&directory, &["calendars", "events"][..]), (&calendar, &["users", "groups", "group_members", "app_tokens"])]
    {
        for stream in others {
            assert!(world.tenant.sync(connection, stream).is_err(), "{stream}");
        }
    }
    assert_eq!(world.ends(&calendar, "calendars")?, done());
    let asked = world.stand()?.journal.entries();
    let by_els = asked.iter().filter(|entry| entry.path.starts_with("/admin/") && entry.status != Some(200));
    assert_eq!(by_els.count(), 0, "nobody is asked for what he may not see");
    world.within_the_sheet()
}

#[test]
fn one_person_has_both_and_giving_one_back_leaves_the_other() -> Result<()> {
    let world = World::start()?;
    let calendar = world.connect("calendar", "an", &[])?;
    let directory = world.connect("directory", "an", &[])?;
    assert_ne!(calendar, directory);
    world.tenant.api.delete(&format!("/v1/connections/{directory}"))?.expect(204)?;
    world.tenant.settled()?;
    world.rig.advance(2 * HOUR)?;
    assert_eq!(world.ends(&calendar, "calendars")?, done());
    world.tenant.api.delete(&format!("/v1/connections/{calendar}"))?.expect(204)?;
    wait_until("the grant to end", LIMIT, || Ok(world.fake()?.granted().is_empty().then_some(())))?;
    world.within_the_sheet()
}

#[test]
fn an_administrator_who_is_none_any_more_is_told_so() -> Result<()> {
    let world = World::start()?;
    let connection = world.connect("directory", "an", &[])?;
    world.fake()?.demote(true);
    let run = world.run(&connection, "groups")?;
    assert_eq!(run.pointer("/reason/code"), Some(&json!("PB2012")), "{run}");
    assert!(run.to_string().contains("administrator"), "{run}");
    world.fake()?.demote(false);
    assert_eq!(world.ends(&connection, "groups")?, done());
    world.within_the_sheet()
}

#[test]
fn one_event_of_a_series_is_picked_and_only_it_takes_the_note() -> Result<()> {
    let world = World::start()?;
    let connection = world.connect("calendar", "els", &[])?;
    let [main, ..] = world.fake()?.calendars();
    let choices = world.tenant.pick(&connection, "events", "weekoverleg", &[("calendars", main)])?;
    let (series, _) = world.fake()?.special_events();
    assert_eq!(choices.len(), 3, "four weeks, one of which is left out: {choices:?}");
    let target = choices[0]["id"].as_str().unwrap_or_default();
    assert!(target.starts_with(&format!("{main}/{series}_")), "{target}");
    let push = world.push(&connection, "note", "n1", target, &json!({ "text": "Volgende keer in Gent" }))?;
    assert_eq!(push["state"], json!("done"), "{push}");
    let of = |id: &str| world.fake().map(|fake| fake.event(main, id)["description"].clone());
    assert_eq!(of(target.rsplit('/').next().unwrap_or_default())?, json!("Volgende keer in Gent"));
    assert_eq!(of(series)?, json!(""));
    world.within_the_sheet()
}

#[test]
fn a_meeting_adds_its_report_its_to_dos_and_its_notes_to_the_event() -> Result<()> {
    let world = World::start()?;
    let connection = world.connect("calendar", "els", &[])?;
    let functions = json!({ "functions": { "events": true, "reports": true, "notes": true, "tasks": true } });
    world.tenant.api.patch(&format!("/v1/connections/{connection}"), &functions)?.expect(200)?;
    let [main, ..] = world.fake()?.calendars();
    let event = format!("7k2m05{}", main.len());
    let meeting = json!({ "connection": connection, "source": "m1", "target": { "id": format!("{main}/{event}") },
        "title": "Jaargesprek", "date": "2026-11-21", "report": { "text": "Alles wat gezegd is." },
        "notes": [{ "text": "De klant wil <groeien>." }],
        "todos": [{ "text": "Offerte sturen", "due": "2026-12-01", "assignee": "An" }] });
    for _ in 0..2 {
        let sent = world.tenant.api.post("/v1/meetings", &meeting)?;
        for item in sent.array_at("/items")? {
            if let Some(push) = item.pointer("/push/id").and_then(Value::as_str) {
                let ended = world.tenant.push_is(push, &["done", "skipped", "failed", "rejected"])?;
                assert_ne!(ended["state"], json!("failed"), "{ended}");
            }
        }
    }
    let event = world.fake()?.event(main, &event);
    let text = event["description"].as_str().unwrap_or_default();
    for said in ["Alles wat gezegd is.", "De klant wil &lt;groeien&gt;.", "Offerte sturen (An, 2026-12-01)"] {
        assert_eq!(text.matches(said).count(), 1, "{said}: {text}");
    }
    world.within_the_sheet()
}

#[test]
fn who_writes_at_the_same_moment_loses_nothing() -> Result<()> {
    let world = World::start()?;
    let connection = world.connect("calendar", "els", &[])?;
    let [main, ..] = world.fake()?.calendars();
    let target = format!("{main}/7k2m05{}", main.len());
    let path = "/calendar/v3/calendars/";
    let body = json!({ "error": { "code": 412, "errors": [{ "reason": "conditionNotMet" }] } }).to_string();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    world.stand()?.script.add(Rule::on("PATCH", path, Act::Answer { status: 412, headers, body }));
    let push = world.push(&connection, "note", "n1", &target, &json!({ "text": "Een" }))?;
    assert_eq!(push["state"], json!("done"), "{push}");
    for (key, text) in [("n2", "Twee"), ("n3", "Drie")] {
        world.push(&connection, "note", key, &target, &json!({ "text": text }))?;
    }
    let event = world.fake()?.event(main, target.rsplit('/').next().unwrap_or_default());
    assert_eq!(event["description"], json!("Een\n\nTwee\n\nDrie"));
    world.within_the_sheet()
}

#[test]
fn who_is_only_invited_is_told_to_choose_an_event_of_his_own() -> Result<()> {
    let world = World::start()?;
    let connection = world.connect("calendar", "els", &[])?;
    let [main, _, shared, ..] = world.fake()?.calendars();
    let (_, invited) = world.fake()?.special_events();
    let push = world.push(&connection, "note", "n1", &format!("{main}/{invited}"), &json!({ "text": "x" }))?;
    assert_eq!((&push["state"], push.pointer("/reason/code")), (&json!("failed"), Some(&json!("PB2012"))), "{push}");
    let event = json!({ "title": "x", "start": "2026-11-23T10:00:00Z" });
    let push = world.push(&connection, "event", "e1", shared, &event)?;
    assert_eq!((&push["state"], push.pointer("/reason/code")), (&json!("failed"), Some(&json!("PB2012"))), "{push}");
    world.within_the_sheet()
}

#[test]
fn a_company_that_lets_no_app_in_says_so_and_no_connection_is_made() -> Result<()> {
    let world = World::start()?;
    world.fake()?.refuse_consent(Some("admin_policy_enforced"));
    let (session, page) = by(&world.tenant, "calendar", &world.fake()?.login("els"), &[])?;
    assert!(page.status >= 400 && world.tenant.made_by(&session).is_err(), "{} {}", page.status, page.text);
    assert_eq!(items(&world.tenant.api, "/v1/connections")?.len(), 0);
    world.within_the_sheet()
}

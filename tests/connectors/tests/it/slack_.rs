//! Slack: answers with status 200 that are errors, a workspace that is chosen on the consent page, tokens that rotate or never
//! end, and files in three steps over a second host.

mod product;
mod rows;

use patchbay_connector_tests::{
    ActionCase, Case, ErrorRow, File, Row, Scene, StreamCase, at_once, chaos, journey, stage,
};
use patchbay_it::Variant;
use patchbay_model::manifest::Rate;
use patchbay_test_support::{
    Browser, Page, Result, Trouble,
    fakes::{Login, slack::Slack},
};
use serde_json::{Value, json};

pub(crate) fn case() -> Case {
    Case {
        prepare: |scene| {
            let fake = scene.fake::<Slack>()?;
            let client = fake.client();
            fake.allow_redirect(&scene.register(&client.id, &client.secret)?);
            Ok(())
        },
        connect: |scene| scene.connect_by_session(&[], |browser, address| allow(scene, browser, address)),
        reconnect: |scene, connection| {
            scene.reconnect_by_session(&[], connection, |browser, address| allow(scene, browser, address))
        },
        account: "Voorbeeld BV",
        streams: vec![
            StreamCase::of("users", users),
            StreamCase::of("channels", |scene| {
                rows_of(scene, "channel", &["id", "name", "is_archived", "is_member", "num_members"])
            }),
            StreamCase::of("channel_members", |scene| pairs_of(scene, "member", "user_id", &["channel_id", "user_id"])),
            StreamCase::of("messages", |scene| pairs_of(scene, "message", "ts", &SAID)).asks_since("oldest="),
            StreamCase::of("replies", |scene| pairs_of(scene, "reply", "ts", &SAID))
                .asks_since("conversations.replies"),
            StreamCase::of("usergroups", |scene| {
                rows_of(scene, "group", &["id", "name", "date_update", "date_delete"])
            }),
            StreamCase::of("team", |scene| rows_of(scene, "team", &["id", "name", "email_domain"])),
            StreamCase::of("destinations", destinations),
        ],
        change,
        actions: vec![
            ActionCase::of("message", target, |text| json!({ "text": text }), &[("message", 1)])
                .changing(&[("change", 1)]),
            ActionCase::of("file", target, |text| json!({ "text": text }), &[("file", 1)])
                .with(vec![File::pdf("verslag-12-03.pdf"), File::pdf("bijlage.pdf")]),
            ActionCase::of(
                "report",
                target,
                |text| json!({ "title": "Verslag", "text": text, "meeting": "Overleg", "date": "2026-03-12" }),
                &[("message", 1), ("file", 1)],
            )
            .with(vec![File::pdf("verslag-12-03.pdf")]),
            ActionCase::of("note", target, |text| json!({ "text": text }), &[("message", 1)])
                .changing(&[("change", 1)]),
            ActionCase::of(
                "todo",
                target,
                |text| json!({ "text": text, "due": "2026-12-01", "assignee": "p1@voorbeeld.example" }),
                &[("message", 1)],
            )
            .changing(&[("change", 1)]),
        ],
        break_credential: |scene| {
            scene.fake::<Slack>()?.revoke_all();
            Ok(())
        },
        secrets: |scene| Ok(scene.fake::<Slack>()?.secrets()),
        rows: |_| Ok(rows::logins()),
        ..Case::of("slack", stage::<Slack>)
    }
}

/// What of a message can change, and who says it where.
const SAID: [&str; 6] = ["channel_id", "ts", "text", "user", "thread_ts", "reply_count"];

/// A table of its own, over these streams. The connector is packed without the others, since a new connection reads all that
/// there is; and without its pace, which the clock on the wall measures.
fn table(
    streams: &[&str],
    install: fn(&Scene<'_>) -> Result<()>,
    rows: fn(&Scene<'_>) -> Result<Vec<ErrorRow>>,
) -> Result<()> {
    let mut case = case();
    case.streams.retain(|stream| streams.contains(&stream.name));
    chaos(&Case { install, rows, ..case })
}

/// Installs it with these streams only; where the one is missing that people choose from, nothing is chosen.
fn install(scene: &Scene<'_>, streams: &[&str]) -> Result<()> {
    install_with(scene, streams, |rate| (rate.per_second, rate.per_minute) = (None, None))
}

fn install_with(scene: &Scene<'_>, streams: &[&str], pace: fn(&mut Rate)) -> Result<()> {
    let mut variant = Variant::of_connector("slack", "0.1.0")?;
    let manifest = &mut variant.manifest;
    manifest.streams.retain(|stream| streams.contains(&stream.name.as_str()));
    manifest.rates.iter_mut().for_each(pace);
    if !streams.contains(&"destinations") {
        manifest.pickers.clear();
        manifest.actions.iter_mut().for_each(|action| action.picker = None);
    }
    scene.rig.install(variant.pack()?).map(drop)
}

fn allow(scene: &Scene<'_>, browser: &mut Browser, address: &str) -> Result<Page> {
    let fake = scene.fake::<Slack>()?;
    walk(browser, address, &fake.login(), fake.team(), "allow")
}

/// Through the pages of the provider; the page that leads back.
fn walk(browser: &mut Browser, address: &str, login: &Login, team: &str, decision: &str) -> Result<Page> {
    let page = browser.open(address)?;
    let provider = page.url.origin().ascii_serialization();
    let mut page = browser.settle_at(page, &[&provider])?;
    if page.form_named("signin").is_ok() {
        let typed = [("email", login.user.as_str()), ("password", login.password.as_str())];
        let signed = browser.submit_named(&page, "signin", &typed)?;
        page = browser.settle_at(signed, &[&provider])?;
    }
    if page.form_named("consent").is_err() {
        return Err(Trouble::new(format!("{} is no consent page: {} {}", page.url, page.status, page.text)));
    }
    browser.submit_named(&page, "consent", &[("team", team), ("decision", decision)])
}

fn users(scene: &Scene<'_>) -> Result<Vec<Row>> {
    rows_of(scene, "user", &["id", "name", "deleted", "real_name", "updated", "profile"])
}

/// The records of a kind, with these of their members.
fn rows_of(scene: &Scene<'_>, kind: &str, members: &[&str]) -> Result<Vec<Row>> {
    let records = scene.fake::<Slack>()?.records(kind);
    Ok(records.iter().map(|record| Row::by_id(part(record, members))).collect())
}

/// The same, with a key of the channel and one member more.
fn pairs_of(scene: &Scene<'_>, kind: &str, second: &str, members: &[&str]) -> Result<Vec<Row>> {
    let records = scene.fake::<Slack>()?.records(kind);
    let row = |record: &Value| Row {
        account: String::new(),
        key: json!([record["channel_id"], record[second]]).to_string(),
        record: part(record, members),
    };
    Ok(records.iter().map(row).collect())
}

/// These members, as far as they are there.
fn part(record: &Value, members: &[&str]) -> Value {
    members.iter().filter_map(|name| Some(((*name).to_owned(), record.get(name)?.clone()))).collect()
}

/// Channels that are not archived, and people who are still there and no bots.
fn destinations(scene: &Scene<'_>) -> Result<Vec<Row>> {
    let fake = scene.fake::<Slack>()?;
    let row = |id: &Value, label: String, kind: &str| Row::by_id(json!({ "id": id, "label": label, "kind": kind }));
    let text = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let channels = fake.records("channel").into_iter().filter(|channel| channel["is_archived"] == json!(false));
    let people = fake.records("user").into_iter();
    let people = people.filter(|user| user["deleted"] == json!(false) && user["is_bot"] == json!(false));
    let channels = channels.map(|one| row(&one["id"], format!("#{}", text(&one, "name")), "channel"));
    Ok(channels.chain(people.map(|one| row(&one["id"], text(&one, "real_name"), "person"))).collect())
}

/// Of each kind something is new or other, and of channels and members something is gone.
fn change(scene: &Scene<'_>) -> Result<()> {
    let fake = scene.fake::<Slack>()?;
    let times = fake.records("user").len();
    let done = |done: bool, what: &str| if done { Ok(()) } else { Err(Trouble::new(format!("{what} is not there"))) };
    done(fake.rename_user("U0VB00001", &format!("Bart & Zonen {times}")), "the first person")?;
    let new = fake.add_user(&format!("Nieuwe Collega {times}"));
    done(fake.deactivate_user("U0VB00008"), "another person")?;
    done(fake.rename_channel("C0VB00008", &format!("project-1-{times}")), "a channel")?;
    let passing = fake.channel("tijdelijk");
    if !fake.remove_channel(&passing) {
        fake.add_channel("tijdelijk", &["U0VB00000"]);
    }
    let random = fake.channel("random");
    done(fake.kick(&random, Some("U0VB00003")) || fake.invite(&random, Some("U0VB00003")), "a member")?;
    done(fake.invite(&random, Some(&new)), "a channel")?;
    fake.say(&fake.channel("general"), None, &format!("Bericht <{times}> & meer"));
    let thread = newest_thread(fake)?;
    fake.say(&thread.0, Some(&thread.1), &format!("Antwoord {times}"));
    done(fake.rename_group("S0VB00001", &format!("Groep {times}")), "a user group")?;
    fake.change_email_domain(&format!("d{times}.example"));
    Ok(())
}

/// The newest thread: channel and first message.
fn newest_thread(fake: &Slack) -> Result<(String, String)> {
    let replies = fake.records("reply");
    let newest = replies.iter().max_by_key(|reply| reply["thread_ts"].as_str().unwrap_or_default().to_owned());
    let text = |name: &str| newest.and_then(|reply| reply[name].as_str()).unwrap_or_default().to_owned();
    if newest.is_none() {
        return Err(Trouble::new("there is no thread"));
    }
    Ok((text("channel_id"), text("thread_ts")))
}

/// A channel that the bot is in.
fn target(scene: &Scene<'_>) -> Result<Value> {
    Ok(json!({ "id": scene.fake::<Slack>()?.channel("boekhouding") }))
}

fn whole() -> Case {
    Case { install: at_once, ..case() }
}

#[test]
fn the_whole_journey() -> Result<()> {
    journey(&whole())
}

#[test]
fn the_whole_journey_of_an_app_whose_tokens_never_end() -> Result<()> {
    let whole = whole();
    journey(&Case {
        prepare: |scene| {
            scene.fake::<Slack>()?.rotate(false);
            (case().prepare)(scene)
        },
        ..whole
    })
}

#[test]
fn each_row_of_the_errors_of_reads() -> Result<()> {
    table(&["users"], |scene| install(scene, &["users"]), |_| Ok(rows::reads()))
}

#[test]
fn each_row_of_the_errors_of_logins() -> Result<()> {
    table(&["users"], |scene| install(scene, &["users"]), |_| Ok(rows::logins()))
}

#[test]
fn each_row_of_the_errors_of_messages() -> Result<()> {
    table(&["messages"], |scene| install(scene, &["messages"]), |_| Ok(rows::messages()))
}

#[test]
fn each_row_of_the_errors_of_posts() -> Result<()> {
    table(&["destinations"], |scene| install(scene, &["destinations"]), |_| Ok(rows::posts()))
}

#[test]
fn each_row_of_the_errors_of_files() -> Result<()> {
    // With its own pace, as people have it.
    table(&["destinations"], |scene| install_with(scene, &["destinations"], |_| ()), |_| Ok(rows::files()))
}

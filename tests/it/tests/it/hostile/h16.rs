//! H16: a connector that lies. Whatever it says is about its own connection and its own stream; what it says of others
//! changes nothing there, and what would empty a stream waits for a person.

use patchbay_test_support::Result;
use serde_json::{Value, json};

use super::{Guest, Prepared, Stand, assert_ended, odd::Behind};

const RECORDS: usize = 40;

fn page(count: usize, position: &str, cursor: &str) -> Value {
    let records: Vec<Value> = (0..count).map(|n| json!({ "id": format!("r{n}"), "n": n })).collect();
    json!({ "records": records, position: cursor })
}

fn say(page: &Value) -> String {
    format!("say:{page}")
}

/// How many records a stream of a connection has.
fn records(guest: &Guest<'_>, stream: &str) -> Result<usize> {
    Ok(patchbay_it::items(&guest.tenant.api, &guest.path(&format!("/records/{stream}?limit=1000")))?.len())
}

/// A victim and a liar.
pub(super) fn prepared<'a>(stand: &'a Stand, name: &str) -> Result<Prepared<'a>> {
    stand.install(name, &Behind::default())?.expect(201)?;
    let victim = stand.connect(name, &format!("{name}, victim"), "token-of-the-victim-7Qk2pWz9")?;
    let liar = stand.connect(name, &format!("{name}, liar"), "token-of-the-liar-7Qk2pWz9")?;
    Ok(Box::new(move || deeds(&victim, &liar)))
}

fn deeds(victim: &Guest<'_>, liar: &Guest<'_>) -> Result<()> {
    for guest in [victim, liar] {
        let run = guest.reads(&say(&page(RECORDS, "end", &format!("place of {}", guest.connection))))?;
        assert_eq!((&run["state"], &run["records"]), (&json!("done"), &json!(RECORDS)), "{run}");
    }
    of_the_end(liar)?;
    of_others(liar, victim)?;
    of_itself(liar)?;
    assert_eq!(records(victim, "chosen")?, RECORDS, "nothing that another said changed anything here");
    Ok(())
}

/// It says on the first page that this was all.
fn of_the_end(liar: &Guest<'_>) -> Result<()> {
    let whole = liar.reads_of("pass", &say(&page(RECORDS, "complete", "1")))?;
    assert_eq!(whole["state"], json!("done"), "{whole}");
    for lie in [page(1, "complete", "2"), page(0, "complete", "3")] {
        let run = liar.reads_of("pass", &say(&lie))?;
        assert_eq!((&run["state"], &run["reason"]["code"]), (&json!("held"), &json!("PB3015")), "{run}");
        assert_eq!(records(liar, "pass")?, RECORDS, "what it did not mention is there");
    }
    Ok(())
}

/// It speaks of what belongs to another connection: its keys, its cursor, its stream, its model.
fn of_others(liar: &Guest<'_>, victim: &Guest<'_>) -> Result<()> {
    let mut gone = page(0, "end", &format!("place of {}", victim.connection));
    gone["deleted"] = (0..RECORDS).map(|n| json!(format!("r{n}"))).chain([json!("of nobody")]).collect();
    let run = liar.reads(&say(&gone))?;
    assert_eq!(run["state"], json!("done"), "{run}");
    assert_eq!((records(liar, "chosen")?, records(victim, "chosen")?), (0, RECORDS), "it deleted its own");
    // The place that it took from the other one is its own now; the other one has its own still.
    for (guest, of) in [(liar, victim), (victim, victim)] {
        guest.reads("tell-cursor")?;
        assert_eq!(guest.record("cursor")?["cursor"], json!(format!("place of {}", of.connection)));
        let mut back = page(0, "end", &format!("place of {}", guest.connection));
        back["deleted"] = json!(["cursor"]);
        assert_eq!(guest.reads(&say(&back))?["state"], json!("done"));
    }
    assert_ended(&liar.reads("keyless:5")?, "failed", "PB3014", "5 of 5");
    assert_ended(&liar.reads("keyless:500")?, "failed", "PB1104", "500 of 500");
    for name in ["chosen", "pass", "other.stream", "found.x\u{202e}", "found.", "found.../x"] {
        let answer = liar.discovers(&format!("streams-named:{name}"))?.expect(200)?;
        let found = answer.array_at("/streams")?.iter().filter(|one| one["discovered"] == json!(true)).count();
        assert_eq!(found, 0, "{name}: {}", answer.text());
    }
    Ok(())
}

/// It miscounts, goes round in circles, crawls without end, and calls what it wrote by names that are none.
fn of_itself(liar: &Guest<'_>) -> Result<()> {
    for count in [0, 2, 1_000] {
        let run = liar.reads(&format!("count:{count}"))?;
        assert_ended(&run, "failed", "PB1104", &format!("says {count}"));
    }
    assert_ended(&liar.reads("circle")?, "stalled", "PB3001", "");
    assert_ended(&liar.reads("crawl")?, "stalled", "PB3001", "");
    for address in ["javascript:alert(1)", "http://evil.example/", "data:text/html,x", "https://user@evil.example/"] {
        let push = liar.pushes(&format!("address:{address}"))?;
        assert_eq!(push["state"], json!("done"), "{push}");
        assert_eq!(push["object"]["url"], Value::Null, "{push}");
    }
    Ok(())
}

#[test]
fn a_lie_is_about_the_liar_alone_and_empties_nothing() -> Result<()> {
    Stand::start()?.beside(|stand| prepared(stand, "h16")?()).map(drop)
}

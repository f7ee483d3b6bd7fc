//! What is asked of the provider: once a minute for one question of one connection, however many type it.

use std::{thread, time::Duration};

use patchbay_it::RigSetup;
use patchbay_test_support::{
    Result,
    fakes::{Act, Rule},
    together,
};
use serde_json::json;

use super::{LIMIT, Scene, text, told};

/// How long an answer is taken for true.
const KEPT: Duration = Duration::from_secs(60);

impl Scene {
    /// What the desk was asked for with the key of an office.
    fn searches(&self, path: &str, office: &str) -> usize {
        let asked = self.stand().journal.entries().into_iter();
        asked.filter(|entry| entry.path == path && entry.token.as_deref() == Some(office)).count()
    }

    /// Searches for clients that came to the desk.
    fn asked(&self) -> usize {
        self.searches("/search/clients", "owner")
    }
}

#[test]
fn an_answer_is_taken_for_true_for_a_minute_and_belongs_to_its_question() -> Result<()> {
    let scene = Scene::of(RigSetup { test_clock: true, ..RigSetup::default() })?;
    let first = scene.ask("search_clients", "q=garage")?.expect(200)?.json;
    assert_eq!((scene.asked(), &first["refreshing"]), (1, &json!(false)));
    let client = scene.desk().add_client("Garage Newcomer");
    for query in ["q=garage", "q=%20garage%20", "q=garage&cursor="] {
        assert_eq!(scene.ask("search_clients", query)?.expect(200)?.json, first, "{query}: the same, with its moment");
    }
    assert_eq!(scene.asked(), 1);
    // Each of these is a question of its own.
    scene.ask("search_clients", "q=garag")?.expect(200)?;
    assert_eq!(scene.asked(), 2);
    for (client, asked) in [("c1", 1), ("c2", 2), ("c1", 2)] {
        scene.ask("search_folders", &format!("q=2026&parent.search_clients={client}"))?.expect(200)?;
        assert_eq!(scene.searches("/search/folders", "owner"), asked, "{client}");
    }
    scene.rig.advance(KEPT)?;
    let later = scene.ask("search_clients", "q=garage")?.expect(200)?.json;
    assert_eq!(scene.asked(), 3, "after a minute it is asked for again");
    assert!(later["choices"].to_string().contains(&client) && !first["choices"].to_string().contains(&client));
    assert!(text(&later, "as_of") > text(&first, "as_of"));
    Ok(())
}

#[test]
fn a_page_further_on_is_kept_as_the_first_one_is() -> Result<()> {
    let scene = Scene::start()?;
    scene.desk().resize(120, 1);
    let first = scene.ask("search_clients", "q=")?.expect(200)?;
    let further = format!("q=&cursor={}", first.text_at("/next")?);
    let second = scene.ask("search_clients", &further)?.expect(200)?.json;
    assert_ne!(second["choices"], first.json["choices"]);
    assert_eq!(scene.asked(), 2);
    assert_eq!(scene.ask("search_clients", &further)?.expect(200)?.json, second);
    assert_eq!(scene.ask("search_clients", "")?.expect(200)?.json, first.json, "nothing typed is the same question");
    assert_eq!(scene.asked(), 2);
    Ok(())
}

#[test]
fn who_types_the_same_at_the_same_time_waits_for_one_answer() -> Result<()> {
    let scene = Scene::start()?;
    let hold = Act::Hold { name: "search".to_owned(), applied: false };
    scene.stand().script.add(Rule::on("GET", "/search/", hold).times(0));
    let answers = thread::scope(|scope| {
        let typing = scope.spawn(|| together(8, |_| scene.ask("search_clients", "q=garage")?.expect(200)));
        assert!(scene.stand().script.wait_until_held("search", LIMIT));
        // Time for all of them to come in; whoever is later still finds the answer.
        for _ in 0..100 {
            scene.ask("clients", "q=garage")?.expect(200)?;
        }
        assert_eq!(scene.stand().script.holding("search"), 1, "one of them asks");
        scene.stand().script.release("search");
        typing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)).into_iter().collect::<Result<Vec<_>>>()
    })?;
    assert!(answers.iter().all(|answer| answer.json == answers[0].json), "{answers:?}");
    assert!(!answers[0].array_at("/choices")?.is_empty());
    assert_eq!(scene.asked(), 1);
    Ok(())
}

#[test]
fn an_answer_is_for_one_connection_only() -> Result<()> {
    let scene = Scene::start()?;
    let other = scene.rig.tenant("B")?;
    let mut asking = vec![(&scene.tenant, scene.connection.clone(), "owner")];
    asking.push((&scene.tenant, scene.tenant.connect_desk(scene.stand(), "load-1")?, "load-1"));
    // Another tenant at the same business, with the same key.
    asking.push((&other, other.connect_desk(scene.stand(), "owner")?, "owner"));
    for (place, (tenant, connection, office)) in asking.iter().enumerate() {
        for _ in 0..2 {
            tenant.pick(connection, "search_clients", "garage", &[])?;
        }
        let wanted = if place == 2 { 2 } else { 1 };
        assert_eq!(scene.searches("/search/clients", office), wanted, "{office} of {place}");
    }
    // A refresh is of one connection, too.
    assert_eq!(scene.refresh("search_clients")?, None, "there is nothing to read");
    for (tenant, connection, _) in &asking {
        tenant.pick(connection, "search_clients", "garage", &[])?;
    }
    assert_eq!((scene.asked(), scene.searches("/search/clients", "load-1")), (3, 1));
    Ok(())
}

#[test]
fn a_refresh_other_settings_or_a_new_login_ask_anew() -> Result<()> {
    let scene = Scene::start()?;
    let mut asked = 0;
    let mut anew = |what: &str| -> Result<()> {
        asked += 1;
        for _ in 0..2 {
            scene.ask("search_clients", "q=garage")?.expect(200)?;
            assert_eq!(scene.asked(), asked, "{what}");
        }
        Ok(())
    };
    anew("at first")?;
    scene.refresh("search_clients")?;
    anew("after a refresh")?;
    scene.refresh("search_folders")?;
    anew("a refresh is of all that the provider was asked for")?;
    scene.tenant.change(&scene.connection, &json!({ "settings": { "partner_code": "FID-1" } }))?;
    anew("after a change of settings")?;
    assert_eq!(scene.tenant.connect_desk(scene.stand(), "owner")?, scene.connection);
    anew("after a new login")?;
    scene.tenant.change(&scene.connection, &json!({ "name": "Ours" }))?;
    scene.ask("search_clients", "q=garage")?.expect(200)?;
    assert_eq!(scene.asked(), 5, "its name is nothing to the provider");
    Ok(())
}

#[test]
fn what_the_provider_refused_is_told_and_kept_for_nobody() -> Result<()> {
    let scene = Scene::start()?;
    let before = scene.stand().journal.last();
    scene.stand().script.add(Rule::on("GET", "/search/", Act::status(400)));
    let refused = scene.ask("search_clients", "q=garage")?;
    assert!(refused.status >= 400 && !told(&refused).1.is_empty(), "{}", refused.text());
    let answer = scene.ask("search_clients", "q=garage")?.expect(200)?;
    assert!(!answer.array_at("/choices")?.is_empty());
    assert_eq!(scene.stand().journal.since(before).len(), 2);
    Ok(())
}

//! Whatever is typed, whatever things are called, and however many there are.

use std::time::Instant;

use patchbay_test_support::{
    Result,
    fakes::{Act, Rule},
};
use serde_json::{Value, json};

use super::{SHOWN, Scene, told};

/// Characters of a label that are shown.
const LABEL: usize = 200;
/// Bytes of an answer with [`SHOWN`] labels of the longest letters, and all around them.
const ANSWER: usize = 64 * 1024;

#[test]
fn names_of_any_length_with_anything_in_them_come_out_as_one_short_line() -> Result<()> {
    let scene = Scene::start()?;
    let desk = scene.desk();
    let odd = "hostile\u{0}\u{1b}[31m\r\nSet-Cookie: a=b\u{7f}\u{85}\u{2028}<script>\"'&{{7*7}}";
    for name in [
        format!("hostile {}", "ä".repeat(10_000)),
        odd.to_owned(),
        format!("hostile {}", "\u{1}".repeat(10_000)),
        format!("hostile {}", "\u{1f468}\u{200d}".repeat(5_000)),
    ] {
        for _ in 0..10 {
            desk.add_client(&name);
        }
    }
    // Nothing that could be shown: no choices.
    let nameless = [desk.add_client(""), desk.add_client(" \n\t"), desk.add_client("\u{1}\u{2}")];
    scene.refreshed("clients")?;
    for picker in ["clients", "search_clients"] {
        let answer = scene.ask(picker, "q=hostile")?.expect(200)?;
        let choices = answer.array_at("/choices")?;
        assert_eq!(choices.len(), if picker == "clients" { SHOWN } else { 40 }, "{picker}");
        assert!(answer.body.len() < ANSWER, "{picker}: {} bytes", answer.body.len());
        for choice in &choices {
            let label = choice["label"].as_str().unwrap_or_default();
            assert!(label.starts_with("hostile") && label.chars().count() <= LABEL, "{picker}: {label:?}");
            assert!(!label.chars().any(char::is_control), "{picker}: {label:?}");
        }
        let long = scene.tenant.pick(&scene.connection, picker, "hostile ä", &[])?;
        let labels: Vec<&str> = long.iter().filter_map(|choice| choice["label"].as_str()).collect();
        let cut = |label: &&str| label.chars().count() == LABEL && label.ends_with('…');
        assert!(labels.len() == 10 && labels.iter().all(cut), "{picker}: {labels:?}");
        for id in &nameless {
            assert!(!scene.ids(picker, id, &[])?.contains(id), "{picker}: {id} has nothing to show");
        }
    }
    Ok(())
}

#[test]
fn ids_and_lists_that_are_out_of_bounds_are_no_choices() -> Result<()> {
    let scene = Scene::start()?;
    let answered = |items: Value| {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let act = Act::Answer { status: 200, headers, body: json!({ "items": items, "next": null }).to_string() };
        scene.stand().script.add(Rule::on("GET", "/search/clients", act));
    };
    let hit = |id: &str| json!({ "id": id, "name": "Ann", "code": "\u{1}".repeat(100) });
    answered(json!([hit(""), hit("good"), { "id": "nameless", "name": " " }]));
    let choices = scene.tenant.pick(&scene.connection, "search_clients", "a", &[])?;
    assert_eq!(choices, [json!({ "id": "good", "label": "Ann", "hint": null })]);
    for (what, items) in [("many", json!(vec![hit("1"); 101])), ("long", json!([hit("1"), hit(&"1".repeat(1_025))]))] {
        answered(items);
        let answer = scene.ask("search_clients", &format!("q={what}"))?;
        assert!((400..600).contains(&answer.status) && !told(&answer).1.is_empty(), "{what}: {}", answer.text());
        assert!(answer.body.len() < 4_096, "{what}: {} bytes", answer.body.len());
    }
    assert_eq!(scene.ids("search_clients", "10007", &[])?, ["c7"], "and it goes on");
    Ok(())
}

#[test]
fn a_question_that_is_none_is_refused_with_the_place_that_is_wrong() -> Result<()> {
    let scene = Scene::start()?;
    let before = scene.stand().journal.last();
    let long = "x".repeat(201);
    for (query, place) in [
        (format!("q={long}"), "/q"),
        ("q=a&q=b".to_owned(), "/q"),
        ("Q=a".to_owned(), "/Q"),
        ("limit=5".to_owned(), "/limit"),
        ("parent=c1".to_owned(), "/parent"),
        ("parent.=c1".to_owned(), "/parent."),
        ("cursor=a%2Bb".to_owned(), "/cursor"),
        ("cursor=A".to_owned(), "/cursor"),
        ("account=a1".to_owned(), "/account"),
        ("account=%01".to_owned(), "/account"),
    ] {
        for picker in ["clients", "search_clients"] {
            let answer = scene.ask(picker, &query)?;
            let wanted = (422, "PB5008".to_owned(), vec![place.to_owned()]);
            assert_eq!(told(&answer), wanted, "{picker}?{query}: {}", answer.text());
        }
    }
    // A place that somebody made up: of records it is none, of the provider's it is the connector's to refuse.
    for cursor in ["MjA", "NDI5NDk2NzI5NQ"] {
        assert_eq!(scene.ask("clients", &format!("cursor={cursor}"))?.status, 200, "{cursor}: far behind all");
    }
    for cursor in ["eA", "LTE", "NDI5NDk2NzI5Ng", "AA"] {
        let answer = scene.ask("clients", &format!("cursor={cursor}"))?;
        assert_eq!(told(&answer), (422, "PB5008".to_owned(), vec!["/cursor".to_owned()]), "{cursor}");
    }
    let far = "A".repeat(30_000);
    let answer = scene.ask("search_clients", &format!("cursor={far}"))?;
    assert!((400..500).contains(&answer.status), "{}", answer.text());
    assert_eq!(scene.stand().journal.last(), before, "the provider was asked for none of it");
    let answer = scene.ask("search_clients", "q=a&cursor=eA")?;
    assert_eq!(told(&answer), (422, "PB5008".to_owned(), vec!["/cursor".to_owned()]), "{}", answer.text());
    for query in ["q=%ff", "q=%zz", "%00=1", "q=a&%ff=1"] {
        let answer = scene.ask("search_clients", query)?;
        assert!(answer.status < 500, "{query}: {}", answer.text());
    }
    for picker in ["nothing", "Clients", "clients%00", "%2e%2e"] {
        let answer = scene.ask(picker, "q=a")?;
        assert!([400, 404].contains(&answer.status), "{picker}: {}", answer.text());
    }
    assert_eq!(scene.ask("clients", &format!("q={}", "%C3%A4".repeat(200)))?.expect(200)?.json["choices"], json!([]));
    scene.rig.stranger().get("/readyz")?.expect(200).map(drop)
}

/// Prints a figure and asserts none: how long a letter takes while somebody types, over 20,000 clients.
#[test]
fn typing_over_twenty_thousand_clients() -> Result<()> {
    let scene = Scene::start()?;
    scene.desk().resize(20_000, 1);
    let client = scene.desk().add_client("Zoölogisch museum");
    scene.refreshed("clients")?;
    let start = Instant::now();
    scene.ids("clients", "z", &[])?;
    let first = start.elapsed();
    let mut took = Vec::new();
    for word in ["zoölogisch museum", "advocatenkantoor", "c19999", "29999", "garcía"] {
        for end in word.char_indices().map(|(at, letter)| at + letter.len_utf8()) {
            let (typed, start) = (&word[..end], Instant::now());
            let found = scene.ids("clients", typed, &[])?;
            took.push(start.elapsed());
            assert!(found.len() <= SHOWN, "{typed}");
        }
    }
    took.sort_unstable();
    let (median, last) = (took[took.len() / 2], took[took.len() - 1]);
    println!("20,000 clients: first {first:?}, then median {median:?}, slowest {last:?} of {} letters", took.len());
    assert_eq!(scene.ids("clients", "zoöl", &[])?, [client]);
    assert_eq!(scene.ids("clients", "c19999", &[])?, ["c19999"]);
    assert_eq!(scene.ids("clients", "29999", &[])?, ["c19999"], "by its code");
    Ok(())
}

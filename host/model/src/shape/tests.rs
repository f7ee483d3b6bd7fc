use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::*;

fn of(records: &[&str]) -> Shape {
    let mut shape = Shape::default();
    for record in records {
        shape.observe(record);
    }
    shape
}

#[test]
fn a_shape_has_the_places_and_types_and_none_of_the_values() {
    let shape = of(&[
        r#"{"id":7,"lines":[{"amount":1.5},{"amount":null,"note":"secret words"}],"tags":[["a"],[]]}"#,
        r#"{"id":"x","paid":true,"a/b":{"~":0,"*":1},"n\u0061me":"y","empty":{}}"#,
    ]);
    let expected = concat!(
        r#"{"/a~1b":["object"],"/a~1b/~0":["number"],"/a~1b/~2":["number"],"/empty":["object"],"#,
        r#""/id":["number","string"],"/lines":["array"],"/lines/*":["object"],"#,
        r#""/lines/*/amount":["null","number"],"/lines/*/note":["string"],"/name":["string"],"#,
        r#""/paid":["boolean"],"/tags":["array"],"/tags/*":["array"],"/tags/*/*":["string"]}"#
    );
    assert_eq!(shape.text(), expected);
    assert_eq!(expected.parse::<Shape>().expect("a shape").text(), expected);
    assert!(!shape.truncated());
}

#[test]
fn a_record_of_a_known_kind_is_nothing_new() {
    let mut shape = Shape::default();
    assert!(shape.observe(r#"{"id":1,"l":[{"a":1}]}"#));
    assert!(!shape.observe(r#"{"l":[{"a":2},{"a":3}],"id":2}"#));
    assert!(!shape.observe(r#"{}"#), "a field that is missing is no news");
    assert!(shape.observe(r#"{"id":null}"#));
    assert!(shape.observe(r#"{"l":[{"b":1}]}"#));
    assert!(!shape.observe(r#"{"\u0069d":3}"#), "the same name");
    assert!(!shape.observe("7") && !shape.observe("") && !shape.observe("[]"));
}

#[test]
fn what_is_new_since_an_older_shape_is_told_with_its_types() {
    let older = of(&[r#"{"id":1,"gone":true,"l":[{"a":1}]}"#]);
    let newer = of(&[r#"{"id":"1","l":[{"a":1,"b":{"c":null}}]}"#]);
    let told = |path: &str, kind, detail: &str| ShapeChange { path: path.into(), kind, detail: detail.into() };
    assert_eq!(
        newer.changes_since(&older),
        [
            told("/id", ChangeKind::NewType, "string"),
            told("/l/*/b", ChangeKind::Added, "object"),
            told("/l/*/b/c", ChangeKind::Added, "null"),
        ]
    );
    assert_eq!(older.changes_since(&older), []);
}

#[test]
fn a_stranger_cannot_make_a_shape_grow_without_end() {
    let mut shape = Shape::default();
    for id in 0..2_000 {
        shape.observe(&format!(r#"{{"balances":{{"{id}{}":1}}}}"#, "é".repeat(300)));
    }
    assert!(shape.truncated());
    let places = shape.places();
    assert_eq!(places.len(), PATHS);
    assert!(places.iter().all(|(path, _)| path.len() <= NAME + "/balances/".len()));
    assert!(shape.text().contains(r#""truncated":true"#));
    assert!(!shape.observe(r#"{"something":{"else":[1]}}"#), "it is full, and says so only once");
    // What is not in a truncated shape may have been left out of it.
    assert_eq!(of(&[r#"{"fresh":1}"#]).changes_since(&shape), []);
    let back: Shape = shape.text().parse().expect("a shape");
    assert!(back.truncated() && back.text() == shape.text());

    let deep = format!(r#"{{"a":{}{}}}"#, r#"{"a":"#.repeat(60) + "1", "}".repeat(60));
    let shape = of(&[&deep, r#"{"b":1}"#]);
    assert!(shape.truncated() && shape.places().len() == DEPTH + 1, "{}", shape.text());
}

#[test]
fn a_name_with_a_character_that_nobody_can_see_stays_as_it_is_written() {
    let shape = of(&[r#"{"x\u0000":1,"caf\u00e9":2}"#]);
    let text = shape.text();
    assert!(!shape.places().iter().any(|place| place.0.chars().any(char::is_control)), "{text}");
    assert!(text.contains("café"), "{text}");
}

#[test]
fn a_text_that_is_no_shape_is_refused() {
    for text in ["", "[]", r#"{"/id":["uuid"]}"#, r#"{"id":["string"]}"#, r#"{"/id":true}"#, r#"{"truncated":[]}"#] {
        assert!(text.parse::<Shape>().is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_observed_without_breaking_and_read_back(record in r#"\{["\\\\{}\[\]:,a-c0 u]{0,60}"#, any in any::<String>()) {
        let mut shape = Shape::default();
        shape.observe(&record);
        shape.observe(&any);
        let back: Shape = shape.text().parse().expect("a shape");
        prop_assert!(back.changes_since(&shape).is_empty());
        prop_assert_eq!(back.text(), shape.text());
    }
}

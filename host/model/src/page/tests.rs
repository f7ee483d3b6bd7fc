use proptest::prelude::{any, prop_assert_eq, prop_assume, proptest};
use serde_json::Value;

use super::*;
use crate::contract::Position;

fn page(records: &str, count: u32) -> Page {
    Page { records: records.into(), count, deleted: Vec::new(), position: Position::End(Vec::new()) }
}

fn pointers(list: &[&str]) -> Vec<String> {
    list.iter().map(|&pointer| pointer.to_owned()).collect()
}

/// One record among nine good ones.
fn among_good(record: &str) -> Page {
    let good: Vec<String> = (0..9).map(|id| format!(r#"{{"id":"good {id}"}}"#)).collect();
    page(&format!("[{},{record}]", good.join(",")), 10)
}

#[test]
fn a_record_keeps_the_bytes_that_the_connector_sent() {
    let page = page(r#"[ {"id": 7,  "n":1.50}, {"id":"x y"} ]"#, 2);
    let records = split(&page, &pointers(&["/id"])).expect("a good page").records;
    assert_eq!(records[0].content, r#"{"id": 7,  "n":1.50}"#);
    assert_eq!((records[0].key.as_str(), records[1].key.as_str()), ("7", "x y"));
}

#[test]
fn several_pointers_make_one_key_that_cannot_be_confused() {
    let page = page(r#"[{"a":{"b":["no","1"]},"c":"2"},{"a":{"b":[0,"\"1\",\"2"]},"c":7}]"#, 2);
    let records = split(&page, &pointers(&["/a/b/1", "/c"])).expect("a good page").records;
    assert_eq!(records[0].key, r#"["1","2"]"#);
    assert_eq!(records[1].key, r#"["\"1\",\"2",7]"#);
}

#[test]
fn a_key_is_found_wherever_it_stands_and_read_as_everybody_reads_json() {
    for (record, pointer, key) in [
        (r#"{"a":{"id":1},"id":2,"z":{"id":3}}"#, "/id", "2"),
        (r#"{"id":1,"id":2}"#, "/id", "2"),
        (r#"{"i\u0064":"escaped"}"#, "/id", "escaped"),
        (r#"{"a/b":{"~":true}}"#, "/a~1b/~0", "true"),
        (r#"{"":"empty"}"#, "/", "empty"),
        (r#"{"l":[[1],{"id":"in"},{"id":"not"}]}"#, "/l/1/id", "in"),
        (r#"{"id":"\u00e9\ud83d\ude00\" }"}"#, "/id", "é😀\" }"),
        (r#"{"x":"a\\","id":"behind an escape"}"#, "/id", "behind an escape"),
        (r#"{"id":123456789012345678901234567890}"#, "/id", "123456789012345678901234567890"),
        (r#"{"id":1.50}"#, "/id", "1.5"),
        ("{\"id\"\t:\n-3 }", "/id", "-3"),
    ] {
        let page = page(&format!("[{record}]"), 1);
        let split = split(&page, &pointers(&[pointer])).expect("a good page");
        assert_eq!(split.records.first().map(|record| record.key.as_str()), Some(key), "{record}: {:?}", split.refused);
    }
}

#[test]
fn one_bad_record_is_set_aside_with_its_reason_and_the_others_are_kept() {
    let deep = format!(r#"{{"id":1,"d":{}{}}}"#, "[".repeat(64), "]".repeat(64));
    let long = format!(r#"{{"id":"{}"}}"#, "k".repeat(limits::KEY_BYTES + 1));
    let wide = format!(r#"{{"id":2,"w":"{}"}}"#, "é".repeat(limits::RECORD_BYTES / 2));
    for (record, key, why) in [
        (r#"{"name":"x"}"#, None, "no key: nothing usable at /id"),
        (r#"{"id":null}"#, None, "no key"),
        (r#"{"id":{"x":1}}"#, None, "no key"),
        (r#"{"id":1,"id":{}}"#, None, "no key"),
        (r#"{"other":{"id":1}}"#, None, "no key"),
        (r#"{"id":""}"#, None, "0 bytes"),
        (r#"{"id":"a\u0000b"}"#, None, "a NUL"),
        (r#"{"id":"a\ud800b"}"#, None, "half of a character"),
        (&long, None, "1025 bytes"),
        (r#"7"#, None, "no object"),
        (r#"[{"id":1}]"#, None, "no object"),
        (r#""text""#, None, "no object"),
        (&deep, Some("1"), "64 levels"),
        (&wide, None, "at most 1048576"),
        (r#"{"n":1e400,"id":5}"#, None, "1e400 is too large"),
        (r#"{"id":5,"n":[-1E+999]}"#, Some("5"), "-1E+999 is too large"),
        (r#"{"id":1e400}"#, None, "too large"),
    ] {
        let page = among_good(record);
        let split = split(&page, &pointers(&["/id"])).expect("the page is kept");
        assert_eq!(split.records.len(), 9, "{why}");
        let [refused] = split.refused.as_slice() else { panic!("{record}: {:?}", split.refused) };
        assert!(refused.reason.contains(why), "{record}: {}", refused.reason);
        assert_eq!((refused.index, refused.key.as_deref()), (9, key), "{record}");
        assert!(refused.excerpt.len() <= 4 * 1024 && record.starts_with(&refused.excerpt));
        assert_eq!(refused.hash, <[u8; 32]>::from(Sha256::digest(record.as_bytes())));
    }
    let number = format!(r#"{{"id":1,"n":{}}}"#, "9".repeat(400));
    let page = among_good(&number);
    assert_eq!(split(&page, &pointers(&["/id"])).expect("kept").refused.len(), 1, "a number of 400 digits");
}

#[test]
fn what_only_looks_bad_is_kept() {
    let deep = format!(r#"{{"id":1,"d":{}{}}}"#, "[".repeat(63), "]".repeat(63));
    for record in [
        deep.as_str(),
        r#"{"id":1,"text":"a\u0000b"}"#,
        r#"{"id":1,"text":"\ud800"}"#,
        r#"{"id":1,"\ud800":2}"#,
        r#"{"id":1,"text":"1e400"}"#,
        r#"{"id":1,"n":1e-400}"#,
        r#"{"id":1,"n":1.7976931348623157e308}"#,
    ] {
        let page = among_good(record);
        let split = split(&page, &pointers(&["/id"])).expect("a good page");
        assert_eq!(split.refused, [], "{record}");
        assert_eq!(split.records[9].content, record);
    }
}

#[test]
fn a_page_that_breaks_the_contract_is_refused_as_a_whole() {
    for (records, count, why) in [
        ("<html>", 1, "no JSON array"),
        (r#"{"id":1}"#, 1, "no JSON array"),
        (r#"[{"id":1}"#, 1, "no JSON array"),
        (r#"[{"id":01}]"#, 1, "no JSON array"),
        (r#"[{"id":1}]"#, 2, "says 2"),
        ("", 1, "no JSON array"),
    ] {
        match split(&page(records, count), &pointers(&["/id"])) {
            Err(Failure::ContractBroken(text)) => assert!(text.contains(why), "{records}: {text}"),
            other => panic!("{records}: {other:?}"),
        }
    }
}

#[test]
fn a_provider_that_changed_does_not_pass_as_a_few_bad_records() {
    let keys = pointers(&["/id"]);
    let of = |good: usize, bad: usize| {
        let records: Vec<_> = [vec![r#"{"id":1}"#; good], vec![r#"{"nr":1}"#; bad]].concat();
        page(&format!("[{}]", records.join(",")), u32::try_from(good + bad).expect("small"))
    };
    assert_eq!(split(&of(6, 5), &keys).expect("less than half").refused.len(), 5);
    assert_eq!(split(&of(0, 9), &keys).expect("too few to tell").refused.len(), 9);
    for (good, bad) in [(5, 5), (0, 10), (400, 600)] {
        match split(&of(good, bad), &keys) {
            Err(Failure::ContractBroken(text)) => {
                assert!(text.contains(&format!("{bad} of {}", good + bad)) && text.contains("at /id"), "{text}");
            }
            other => panic!("{good} good, {bad} bad: {other:?}"),
        }
    }
}

/// Not a measurement, but a page that takes ten times as long as it should is seen.
#[test]
fn a_page_of_a_thousand_records_is_split_in_milliseconds() {
    let record = |id: u32| {
        format!(
            r#"{{"id":{id},"number":"INV-{id:08}","date":"2026-03-12","total":1234.50,"paid":false,"customer":{{"id":77,"name":"Example and Sons"}},"lines":[{{"text":"Hours worked in March","amount":1200.00,"account":"700000"}},{{"text":"Travel","amount":34.50,"account":"701000"}}],"note":null}}"#
        )
    };
    let records: Vec<String> = (0..1_000).map(record).collect();
    let page = page(&format!("[{}]", records.join(",")), 1_000);
    let keys = pointers(&["/id"]);
    let took = (0..5).map(|_| {
        let start = std::time::Instant::now();
        assert_eq!(split(&page, &keys).expect("a good page").records.len(), 1_000);
        start.elapsed()
    });
    let best = took.min().expect("five times");
    println!("{best:?} for 1,000 records of {} bytes", records[0].len());
    let mut shape = crate::Shape::default();
    let start = std::time::Instant::now();
    records.iter().for_each(|record| {
        shape.observe(record);
    });
    println!("{:?} for their shape", start.elapsed());
    assert!(best < std::time::Duration::from_millis(100), "{best:?}");
}

#[test]
fn a_deleted_key_that_no_record_can_have_is_left_out() {
    let mut page = page("[]", 0);
    page.deleted = vec!["7".to_owned(), String::new(), "a\0b".to_owned(), "k".repeat(2_000), "8".to_owned()];
    assert_eq!(split(&page, &pointers(&["/id"])).expect("a good page").deleted, ["7", "8"]);
}

/// Any JSON value, not too deep.
fn json() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::{Just, Strategy, prop, prop_oneof};
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        r#"["\\\\{}\[\],: a]{0,8}"#.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let name = prop_oneof!["[a-c]", r#"["\\\\{}:~/]{0,3}"#];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_pointer_finds_what_serde_json_finds(value in json(), tokens in proptest::collection::vec("[a-c0-2]", 1..4), pretty in any::<bool>()) {
        let pointer: String = tokens.iter().map(|token| format!("/{token}")).collect();
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.expect("json");
        let expected = value.pointer(&pointer).map(|value| match value {
            Value::Array(_) => "[".to_owned(),
            Value::Object(_) => "{".to_owned(),
            other => other.to_string(),
        });
        prop_assert_eq!(pointer::raw(&text, &pointer).map(str::to_owned), expected, "{} in {}", pointer, text);
    }

    #[test]
    fn any_bytes_are_split_or_refused_without_breaking(bytes in proptest::collection::vec(any::<u8>(), 0..200), count in 0_u32..4) {
        let page = Page { records: bytes, count, deleted: Vec::new(), position: Position::End(Vec::new()) };
        let _ = split(&page, &pointers(&["/id", "/a/0"]));
    }

    #[test]
    fn a_refused_record_is_shown_up_to_a_whole_character(width in 4_000_usize..4_200, letter in "[aé😀]") {
        let record = format!(r#"{{"n":"{}"}}"#, letter.repeat(width));
        prop_assume!(record.len() > EXCERPT);
        let page = page(&format!("[{record}]"), 1);
        let split = split(&page, &pointers(&["/id"])).expect("a page");
        prop_assert_eq!(split.refused[0].excerpt.len() / 4, EXCERPT / 4 - usize::from(split.refused[0].excerpt.len() < EXCERPT));
    }
}

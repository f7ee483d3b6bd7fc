use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;

use super::*;

const SECRET: &str = "s3cr3t/with+odd=\"chars\"&~\u{ff}more\u{1f600}>>>???";

fn knowing(secrets: &[&str]) -> Masker {
    Masker::of(secrets.iter().copied(), &Echoes::default()).expect("a masker")
}

fn masker() -> Masker {
    knowing(&[SECRET, "hunter2"])
}

fn spellings() -> Vec<String> {
    let escaped: String = SECRET.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let every: String = SECRET.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let mut all = vec![
        SECRET.to_owned(),
        percent(SECRET),
        percent(SECRET).replace("%2B", "%2b").replace("%3D", "%3d"),
        every,
        escaped,
        serde_json::to_string(SECRET).expect("JSON"),
        serde_json::to_string(SECRET).expect("JSON").replace('/', "\\/").replace('&', "\\u0026"),
        SECRET.replace('+', "\\u002B"),
    ];
    for before in ["", "a", "ab", "user:"] {
        for after in ["", "z", "zz"] {
            let text = format!("{before}{SECRET}{after}");
            all.extend([STANDARD.encode(&text), URL_SAFE.encode(&text), URL_SAFE_NO_PAD.encode(&text)]);
            all.push(percent(&STANDARD.encode(&text)));
            all.push(STANDARD.encode(&text).replace('/', "\\/"));
        }
    }
    all
}

#[test]
fn a_long_secret_is_masked_in_every_spelling() {
    let masker = masker();
    for spelling in spellings() {
        let body = format!(r#"{{"echo":"{spelling}"}} %zz \u12"#).into_bytes();
        assert!(masker.finds(&body), "{spelling}");
        let masked = masker.mask(body);
        assert!(!masker.finds(&masked), "{spelling}");
        let text = String::from_utf8_lossy(&masked).into_owned();
        assert!(text.contains(MASK) && !text.contains("s3cr3t"), "{text}");
    }
}

#[test]
fn a_secret_beyond_ascii_is_masked_where_json_escapes_it() {
    let masker = knowing(&["pässwörter-😀-für-alle"]);
    for spelling in [
        r"p\u00e4ssw\u00f6rter-\ud83d\ude00-f\u00fcr-alle",
        r"p\u00E4ssw\u00F6rter-\uD83D\uDE00-f\u00FCr-alle",
        r"pässw\u00f6rter-😀-für-alle",
    ] {
        let masked = masker.mask(format!("{{\"echo\":\"x{spelling}y\"}}").into_bytes());
        assert_eq!(String::from_utf8_lossy(&masked), format!("{{\"echo\":\"x{MASK}y\"}}"), "{spelling}");
    }
}

/// A guest may choose what an echo puts before a secret.
#[test]
fn what_stands_before_a_secret_cannot_hide_it() {
    let secret = "ab/cd\"ef/uu0041\u{e9}/nn/";
    let spelt = percent(secret);
    let json: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    for (secret, spelling) in [
        (secret, spelt),
        (secret, json),
        (secret, serde_json::to_string(secret).expect("JSON").trim_matches('"').replace('/', "\\/")),
        ("u0041/\"/0123456789", r#"u0041\/\"\/0123456789"#.to_owned()),
        ("\nnew/line/0123456", r"\nnew\/line\/0123456".to_owned()),
        ("\\back/0123456789ab", r"\\back\/0123456789ab".to_owned()),
    ] {
        let masker = knowing(&[secret]);
        for before in
            ["%", "%%", "%4", "%e", "\\", "\\\\", "\\\\\\", r"\u", r"\u0", r"\u00", r"\u004", r"\ud83d", "%5C"]
        {
            let body = format!("{before}{spelling}!").into_bytes();
            assert!(masker.finds(&body), "{before} and {spelling}");
            assert!(!masker.finds(&masker.mask(body)), "{before} and {spelling}");
        }
    }
}

#[test]
fn a_short_secret_is_masked_in_a_refusal_where_it_is_a_complete_value() {
    let masker = knowing(&["hunter2", "pä/ss\"w"]);
    for (body, expected) in [
        (r#"{"error":"hunter2"}"#, r#"{"error":"[secret]"}"#),
        (r#"["hunter2" , "pä\/ss\"w","p\u00e4/ss\"w"]"#, r#"["[secret]" , "[secret]","[secret]"]"#),
        (r#"{"raw":"{\"k\":\"hunter2\"}"}"#, r#"{"raw":"{\"k\":\"[secret]\"}"}"#),
        ("user=a&password=hunter2", "user=a&password=[secret]"),
        ("password=p%C3%A4%2Fss%22w&user=a\n", "password=[secret]&user=a\n"),
        (r#"{"sent":"password=hunter2"}"#, r#"{"sent":"password=[secret]"}"#),
    ] {
        let masked = masker.mask_refusal(body.as_bytes().to_vec());
        assert_eq!(String::from_utf8_lossy(&masked), expected);
    }
    for whole in ["hunter2", r#"{"hunter2":1}"#, r#"{"a":"hunter2 it is"}"#, "password=hunter22&x", "\"hunter2", "="] {
        let masked = masker.mask_refusal(whole.as_bytes().to_vec());
        assert_eq!(String::from_utf8_lossy(&masked), whole, "it is part of something else");
    }
}

#[test]
fn a_short_secret_in_what_may_be_a_page_stays() {
    for page in [r#"[{"name":"hunter2"}]"#, "name=hunter2"] {
        assert_eq!(masker().mask(page.as_bytes().to_vec()), page.as_bytes());
    }
}

#[test]
fn of_an_endless_secret_the_first_64_kib_are_masked() {
    let secret: String = (0..40_000).map(|n| format!("{n:x}.")).collect();
    let masker = knowing(&[&secret]);
    let masked = masker.mask(secret.clone().into_bytes());
    assert_eq!(masked, [MASK.as_bytes(), &secret.as_bytes()[LONGEST..]].concat());
}

/// Both times are of this machine and this moment. A search that goes through the secret again at
/// each byte takes thousands of times as long; in a build that is not optimised, looking at a tail
/// at each byte takes forty times as long as the automaton, which is.
#[test]
fn a_body_made_to_be_slow_costs_little_more_than_any_other() {
    const BODY: usize = 4 * 1024 * 1024;
    let spelt = |text: &str| text.bytes().cycle().take(BODY).collect::<Vec<u8>>();
    let took = |secret: &str, body: &[u8]| {
        let masker = knowing(&[secret]);
        let since = std::time::Instant::now();
        let many = masker.search(body, usize::MAX).len();
        (since.elapsed(), many)
    };
    let late = format!("{}b", "a".repeat(4_095));
    let early = format!("b{}", "a".repeat(4_095));
    let whole = "a".repeat(4_096);
    for (harmless, evil) in [("plain text. ", "a"), ("%2F \\n abcd ", r"%61\u0061")] {
        let (harmless, evil) = (spelt(harmless), spelt(evil));
        // With a core in it, or the automaton that the others are measured by would not even run.
        let (usual, _) = took(&late, &[&harmless, &late.as_bytes()[late.len() - CORE..]].concat());
        for (secret, expected) in [(&late, 0), (&early, 0), (&whole, 1)] {
            let (slow, many) = took(secret, &evil);
            assert!(many <= expected, "what overlaps is one range: {many}");
            assert!(slow < usual * 200, "{slow:?} is more than a small multiple of {usual:?}");
        }
    }
}

#[test]
fn a_short_secret_counts_only_as_a_whole_header() {
    let masker = masker();
    assert_eq!(masker.mask(b"hunter2".to_vec()), b"hunter2");
    assert_eq!(masker.mask_header("x", b"hunter2"), MASK);
    assert_eq!(masker.mask_header("x", b"hunter2 and more"), "hunter2 and more");
    assert!(masker.finds_in_header(b" hunter2 ") && !masker.finds(b"hunter2"));
}

#[test]
fn two_secrets_side_by_side_and_overlapping_are_both_gone() {
    let masker = knowing(&["aaaaaaaaaaaaaaaa", "aaaaaaaabbbbbbbb"]);
    let masked = masker.mask(b"xaaaaaaaaaaaaaaaabbbbbbbbyaaaaaaaaaaaaaaaa!".to_vec());
    assert_eq!(String::from_utf8_lossy(&masked), format!("x{MASK}y{MASK}!"));
}

proptest! {
    #[test]
    fn what_holds_no_secret_comes_back_as_it_was(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(masker().mask(body.clone()), body);
    }

    #[test]
    fn a_secret_is_found_behind_anything(before in ".{0,20}", secret in "[!-~]{16,40}", after in ".{0,20}") {
        let masker = knowing(&[&secret]);
        let body = format!("{before}{secret}{after}");
        prop_assert!(masker.finds(body.as_bytes()));
        let encoded = STANDARD.encode(&body);
        prop_assert!(masker.finds(encoded.as_bytes()));
        let percent = format!("{before}{}", percent(&secret));
        prop_assert!(masker.finds(percent.as_bytes()));
    }
}

#[test]
fn the_first_look_sees_every_needle_in_every_spelling() {
    let masker = knowing(&["gho_0123456789abcdefABCDEF+/=", "sixteen bytes it"]);
    assert!(masker.cores.is_some(), "this processor looks first");
    assert!(!masker.may_stand_in(&b"{\"id\":1,\"name\":\"nothing of the kind\"},".repeat(1_000)));
    let blind = Masker { cores: None, ..knowing(&["gho_0123456789abcdefABCDEF+/=", "sixteen bytes it"]) };
    let mut needles = Vec::new();
    needles_of(b"gho_0123456789abcdefABCDEF+/=", &mut needles);
    needles_of(b"sixteen bytes it", &mut needles);
    for needle in needles {
        let spelt: Vec<u8> = needle.iter().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect();
        let escaped: Vec<u8> = needle.iter().flat_map(|byte| format!("\\u{byte:04x}").into_bytes()).collect();
        for text in [needle, spelt, escaped] {
            let body = [b"[\"".as_slice(), &text, b"\"]"].concat();
            assert_eq!(masker.search(&body, usize::MAX), blind.search(&body, usize::MAX));
            assert!(masker.finds(&body));
        }
    }
}

#[test]
fn secrets_without_number_are_found_without_a_first_look() {
    let secrets: Vec<String> = (0..200).map(|number| format!("secret number {number:05}")).collect();
    let masker = Masker::of(secrets.iter().map(String::as_str), &Echoes::default()).expect("a masker");
    for secret in &secrets {
        assert!(masker.finds(format!("<{secret}>").as_bytes()));
    }
}

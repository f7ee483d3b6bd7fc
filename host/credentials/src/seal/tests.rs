//! The format, byte by byte, and what does not open.

use patchbay_model::SeededRandom;
use proptest::prelude::*;

use super::*;

const PLACE: SealContext<'_> =
    SealContext { tenant: "ten_1", connection: "con_1", field: "credential", row_version: 7 };

fn key() -> DataKey {
    DataKey::fresh(&SeededRandom::new(1))
}

fn sealed(plain: &[u8]) -> Vec<u8> {
    key().seal(&PLACE, plain, &SeededRandom::new(2)).expect("sealed")
}

#[test]
fn a_sealed_value_has_the_bytes_that_the_essay_says() {
    let plain = b"a token";
    let sealed = sealed(plain);
    assert_eq!(sealed.len(), 1 + 8 + 24 + plain.len() + 16);
    assert_eq!(sealed[0], 1);
    assert_eq!(&sealed[1..9], key().number().as_bytes());
    let mut nonce = [0; 24];
    SeededRandom::new(2).fill(&mut nonce);
    assert_eq!(sealed[9..33], nonce);
    assert!(!sealed.windows(plain.len()).any(|window| window == plain));
}

#[test]
fn the_context_has_the_bytes_that_the_essay_says() {
    let mut expected = b"patchbay/v1\0\0\0\x05ten_1\0\0\0\x05con_1\0\0\0\x0acredential\0\0\0\x08".to_vec();
    expected.extend_from_slice(key().number().as_bytes());
    expected.extend_from_slice(b"\0\0\0\x08\0\0\0\0\0\0\0\x07");
    assert_eq!(PLACE.bytes(key().number()), expected);
}

#[test]
fn a_value_with_any_bit_changed_is_refused() {
    let sealed = sealed(b"a token that matters");
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            let error = key().open(&PLACE, &changed).expect_err("changed");
            match at {
                0 => assert_eq!(error, SealError::UnknownFormat(changed[0])),
                1..9 => assert!(matches!(error, SealError::UnknownKey(_))),
                _ => assert_eq!(error, SealError::Refused),
            }
        }
    }
}

#[test]
fn a_value_that_was_cut_or_grew_is_refused() {
    let sealed = sealed(b"a token");
    for length in 0..sealed.len() {
        assert!(key().open(&PLACE, &sealed[..length]).is_err(), "{length} bytes");
    }
    assert_eq!(key().open(&PLACE, &[&sealed[..], b"\0"].concat()), Err(SealError::Refused));
}

#[test]
fn a_value_opens_only_in_its_own_place() {
    let sealed = sealed(b"a token");
    for other in [
        SealContext { tenant: "ten_2", ..PLACE },
        SealContext { connection: "con_2", ..PLACE },
        SealContext { field: "verifier", ..PLACE },
        SealContext { row_version: 8, ..PLACE },
        SealContext { row_version: -7, ..PLACE },
        // The same letters with the borders elsewhere.
        SealContext { tenant: "ten_1c", connection: "on_1", ..PLACE },
        SealContext { connection: "con_1credential", field: "", ..PLACE },
    ] {
        assert_eq!(key().open(&other, &sealed), Err(SealError::Refused), "{other:?}");
    }
    assert_eq!(*key().open(&PLACE, &sealed).expect("its own place"), b"a token");
}

#[test]
fn another_data_key_is_named_and_refused() {
    let other = DataKey::fresh(&SeededRandom::new(9));
    assert_eq!(other.open(&PLACE, &sealed(b"a token")), Err(SealError::UnknownKey(key().number())));
    assert_eq!(KeyNumber::of(&sealed(b"a token")), Some(key().number()));
    assert_eq!(KeyNumber::from_bytes(key().number().as_bytes()), Some(key().number()));
    assert_eq!(KeyNumber::from_bytes(&sealed(b"a token")[1..8]), None);
}

#[test]
fn two_seals_of_one_value_differ() {
    let random = SeededRandom::new(3);
    let seal = || key().seal(&PLACE, b"a token", &random).expect("sealed");
    assert_ne!(seal(), seal());
}

#[test]
fn a_key_does_not_print_itself() {
    let root = data_encoding::HEXLOWER.encode(key().0.root.as_slice());
    let printed = format!("{:?} {:?}", key(), Fault::from(SealError::UnknownKey(key().number())));
    assert!(!printed.contains(&root[..16]), "{printed}");
}

proptest! {
    #[test]
    fn what_was_sealed_opens_again(
        plain in prop::collection::vec(any::<u8>(), 0..2_000),
        tenant in ".{0,20}", connection in ".{0,20}", field in ".{0,20}", row_version: i64, seed: u64,
    ) {
        let random = SeededRandom::new(seed);
        let key = DataKey::fresh(&random);
        let place = SealContext { tenant: &tenant, connection: &connection, field: &field, row_version };
        let sealed = key.seal(&place, &plain, &random).expect("sealed");
        prop_assert_eq!(&*key.open(&place, &sealed).expect("opened"), &plain);
    }

    #[test]
    fn no_bytes_at_all_make_opening_panic_or_succeed(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(key().open(&PLACE, &bytes).is_err());
    }
}

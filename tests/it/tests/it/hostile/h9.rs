//! H9: a name that leads inside, by each of its addresses and at any look, is not followed: what is connected to is the address
//! that was looked at.

use patchbay_test_support::Result;
use serde_json::{Value, json};

use super::{
    Guest, Prepared, Stand, assert_ended,
    names::{ALLOWED, TURNS},
    odd::Behind,
};

/// What a name server may say, and what the operator reads of it. Somebody listens at some of them; of those further away nobody
/// may even be asked.
const ANSWERS: [(&str, &str); 14] = [
    ("127.0.0.2", "127.0.0.2 is not a public address"),
    ("::1", "::1 is not a public address"),
    ("::ffff:127.0.0.2", "127.0.0.2 is not a public address"),
    ("64:ff9b::7f00:2", "is not a public address"),
    ("2002:7f00:2::1", "is not a public address"),
    ("0.0.0.0", "0.0.0.0 is not a public address"),
    ("10.0.0.8", "10.0.0.8 is not a public address"),
    ("fd12:3456::1", "fd12:3456::1 is not a public address"),
    ("169.254.169.254", "metadata service"),
    ("fd00:ec2::254", "metadata service"),
    // One that may be connected to does not excuse the other, in whichever order.
    ("127.0.0.1 127.0.0.2", "127.0.0.2 is not a public address"),
    ("127.0.0.2 127.0.0.1", "127.0.0.2 is not a public address"),
    ("127.0.0.1 ::1", "::1 is not a public address"),
    ("127.0.0.1 169.254.169.254", "metadata service"),
];

/// A connector that was granted the name.
pub(super) fn prepared<'a>(stand: &'a Stand, name: &str) -> Result<Prepared<'a>> {
    let origin = format!("https://{TURNS}:{}", stand.names.port);
    let guest = stand.guest_of(name, &Behind::reaching(&origin))?;
    Ok(Box::new(move || deeds(&guest, &origin)))
}

/// Has the name turned beneath it.
fn deeds(guest: &Guest<'_>, origin: &str) -> Result<()> {
    let names = &guest.stand.names;
    let (allowed, inside) = names.came();
    for (answer, says) in ANSWERS {
        names.say(&[answer])?;
        assert_ended(&asks(guest, origin)?, "failed", "PB6001", says);
    }
    assert_eq!(names.came(), (allowed, inside), "nobody was connected to");
    // The first look judges: it is the address that is connected to, whatever a second one would find.
    names.say(&["127.0.0.2", ALLOWED])?;
    assert_ended(&asks(guest, origin)?, "failed", "PB6001", "127.0.0.2 is not a public address");
    assert_eq!(names.came(), (allowed, inside), "nobody was connected to");
    // It may be connected to once, and hangs up; the gate asks again, and that is a look of its own.
    names.say(&[ALLOWED, "127.0.0.2"])?;
    let turned = asks(guest, origin)?;
    assert_ended(&turned, "failed", "PB6001", "127.0.0.2 is not a public address");
    assert_eq!((names.came(), &turned["usage"]["retries"]), ((allowed + 1, inside), &json!(1)), "{turned}");
    names.say(&[])
}

fn asks(guest: &Guest<'_>, origin: &str) -> Result<Value> {
    guest.reads(&format!("request:{}", json!({ "url": format!("{origin}/"), "slot": "" })))
}

#[test]
fn a_name_that_leads_inside_is_not_followed_at_any_look() -> Result<()> {
    Stand::start()?.beside(|stand| prepared(stand, "h9")?()).map(drop)
}

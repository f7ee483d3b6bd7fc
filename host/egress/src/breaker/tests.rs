use std::ops::Add;

use proptest::prelude::*;

use super::*;
use crate::target::Origin;

fn key(tenant: &str) -> CircuitKey {
    CircuitKey::of(tenant, &Origin::parse("https://api.example.com").expect("an origin"))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Moments from a fixed one, as seconds.
struct Time(Instant);

impl Add<u64> for &Time {
    type Output = Instant;

    fn add(self, later: u64) -> Instant {
        self.0 + seconds(later)
    }
}

fn time() -> Time {
    Time(Instant::now())
}

fn fails(breakers: &Breakers, key: &CircuitKey, now: Instant) {
    breakers.pass(key, now).expect("leave").failed(now, "reset");
}

fn opened(now: Instant) -> Breakers {
    let breakers = Breakers::default();
    for _ in 0..FAILURES {
        fails(&breakers, &key("a"), now);
    }
    breakers
}

fn told(open_for: Option<u64>, opened: u32) -> BreakerState {
    BreakerState {
        tenant: "a".to_owned(),
        origin: "https://API.example.com:443/".to_owned(),
        failures: 0,
        opened,
        open_for: open_for.map(seconds),
        last_error: "elsewhere".to_owned(),
    }
}

#[test]
fn five_failures_in_a_row_within_two_minutes_open_it_for_this_tenant_alone() {
    let (t, breakers) = (time(), Breakers::default());
    for at in [0, 30, 60, 90] {
        fails(&breakers, &key("a"), &t + at);
        assert_eq!(breakers.refusal(&key("a"), &t + at), None);
    }
    assert!(breakers.changed(&t + 90).is_empty());
    assert_eq!(breakers.states(&t + 90).first().map(|state| (state.failures, state.opened)), Some((4, 0)));
    fails(&breakers, &key("a"), &t + 120);
    assert_eq!(breakers.refusal(&key("a"), &t + 130), Some(seconds(20)));
    assert_eq!(breakers.refusal(&key("b"), &t + 130), None);
    assert_eq!(breakers.pass(&key("a"), &t + 149).err(), Some(seconds(1)));
}

#[test]
fn failures_that_are_further_apart_or_that_an_answer_stands_between_do_not_open_it() {
    let (t, breakers) = (time(), Breakers::default());
    for at in [0, 31, 62, 93, 124, 155, 186] {
        fails(&breakers, &key("a"), &t + at);
    }
    assert_eq!(breakers.refusal(&key("a"), &t + 186), None);
    for round in 0..5 {
        let now = &t + (400 + round);
        fails(&breakers, &key("a"), now);
        breakers.pass(&key("a"), now).expect("leave").answered();
    }
    assert!(breakers.states(&t + 405).is_empty());
    // A pass that is dropped says nothing, also not that it went well.
    for at in 0..5 {
        drop(breakers.pass(&key("a"), &t + (600 + at)));
        fails(&breakers, &key("a"), &t + (600 + at));
    }
    assert!(breakers.refusal(&key("a"), &t + 604).is_some());
}

#[test]
fn half_open_lets_exactly_one_through_and_its_answer_closes() {
    let t = time();
    let breakers = opened(&t + 0);
    assert_eq!(breakers.pass(&key("a"), &t + 29).err(), Some(seconds(1)));
    let key = key("a");
    let probe = breakers.pass(&key, &t + 30).expect("the probe");
    for _ in 0..3 {
        assert_eq!(breakers.pass(&key, &t + 31).err(), Some(WHILE_PROBED));
    }
    assert_eq!(breakers.states(&t + 31).first().map(|state| state.open_for), Some(Some(Duration::ZERO)));
    probe.answered();
    assert!(breakers.states(&t + 31).is_empty());
    for at in 31..35 {
        fails(&breakers, &key, &t + at);
        assert_eq!(breakers.refusal(&key, &t + at), None, "it starts afresh");
    }
}

#[test]
fn each_time_it_opens_again_it_is_left_alone_twice_as_long_up_to_a_quarter_of_an_hour() {
    let t = time();
    let breakers = opened(&t + 0);
    let mut now = 0;
    for expected in [30, 60, 120, 240, 480, 900, 900, 900].into_iter().chain(std::iter::repeat_n(900, 40)) {
        assert_eq!(breakers.refusal(&key("a"), &t + now), Some(seconds(expected)));
        now += expected;
        fails(&breakers, &key("a"), &t + now);
    }
    breakers.pass(&key("a"), &t + (now + 900)).expect("the probe").answered();
    for _ in 0..FAILURES {
        fails(&breakers, &key("a"), &t + (now + 901));
    }
    assert_eq!(breakers.refusal(&key("a"), &t + (now + 901)), Some(seconds(30)), "a success forgets all of it");
}

#[test]
fn a_probe_that_is_dropped_makes_room_for_the_next() {
    let t = time();
    let breakers = opened(&t + 0);
    let key = key("a");
    for at in 30..40 {
        let probe = breakers.pass(&key, &t + at);
        assert!(probe.is_ok());
        assert!(breakers.pass(&key, &t + at).is_err());
    }
    assert_eq!(breakers.states(&t + 40).first().map(|state| state.opened), Some(1));
}

#[test]
fn only_the_probe_counts_while_it_is_not_closed() {
    let (t, breakers) = (time(), Breakers::default());
    let key = key("a");
    let (late, later) = (breakers.pass(&key, &t + 0), breakers.pass(&key, &t + 0));
    for _ in 0..FAILURES {
        fails(&breakers, &key, &t + 0);
    }
    late.expect("leave").failed(&t + 1, "late");
    assert_eq!(breakers.refusal(&key, &t + 1), Some(seconds(29)), "and nothing doubles");
    later.expect("leave").answered();
    assert_eq!(breakers.refusal(&key, &t + 1), Some(seconds(29)));
    // A probe that outlives its circuit says nothing about the next one.
    let probe = breakers.pass(&key, &t + 30).expect("the probe");
    breakers.close("a", "https://api.example.com");
    probe.failed(&t + 31, "late");
    assert!(breakers.states(&t + 31).is_empty());
}

#[test]
fn what_opened_or_closed_is_told_once() {
    let t = time();
    let breakers = opened(&t + 0);
    let open = BreakerState {
        tenant: "a".to_owned(),
        origin: "https://api.example.com".to_owned(),
        failures: 0,
        opened: 1,
        open_for: Some(seconds(25)),
        last_error: "reset".to_owned(),
    };
    assert_eq!(breakers.changed(&t + 5), std::slice::from_ref(&open));
    assert!(breakers.changed(&t + 5).is_empty());
    assert_eq!(breakers.states(&t + 5), std::slice::from_ref(&open));
    fails(&breakers, &key("a"), &t + 30);
    assert_eq!(breakers.changed(&t + 30), [BreakerState { opened: 2, open_for: Some(seconds(60)), ..open.clone() }]);
    breakers.pass(&key("a"), &t + 90).expect("the probe").answered();
    let closed = BreakerState { opened: 0, open_for: None, last_error: String::new(), ..open };
    assert_eq!(breakers.changed(&t + 90), [closed]);
    assert!(breakers.states(&t + 90).is_empty());
}

#[test]
fn what_another_node_or_the_time_before_a_restart_knows_opens_it_and_goes_on_doubling() {
    let (t, breakers) = (time(), Breakers::default());
    breakers.apply(vec![told(Some(40), 3)], &t + 0);
    assert!(breakers.changed(&t + 0).is_empty(), "it is not told back");
    assert_eq!(breakers.refusal(&key("a"), &t + 1), Some(seconds(39)));
    fails(&breakers, &key("a"), &t + 40);
    assert_eq!(breakers.refusal(&key("a"), &t + 40), Some(seconds(240)));
    let state = breakers.changed(&t + 40).pop().expect("a state");
    assert_eq!((state.opened, state.last_error.as_str()), (4, "reset"));
    // Half open elsewhere is half open here; nonsense is bounded.
    breakers.apply(
        vec![told(None, 1), BreakerState { tenant: "b".to_owned(), ..told(Some(u64::MAX / 2), u32::MAX) }],
        &t + 41,
    );
    assert_eq!(breakers.refusal(&key("a"), &t + 41), Some(seconds(239)));
    assert_eq!(breakers.refusal(&key("b"), &t + 41), Some(LONGEST));
    breakers.apply(vec![BreakerState { origin: "http://x".to_owned(), ..told(Some(1), 1) }], &t + 41);
    assert_eq!(breakers.states(&t + 41).len(), 2);
}

#[test]
fn what_this_process_saw_itself_is_never_shortened_by_others() {
    let t = time();
    let breakers = opened(&t + 0);
    for said in [told(None, 0), told(Some(1), 1), told(Some(0), 1), told(Some(90), 2), told(Some(1), 1), told(None, 0)]
    {
        breakers.apply(vec![said.clone()], &t + 0);
        let expected = if said.open_for == Some(seconds(90)) { 90 } else { 30 };
        assert_eq!(breakers.refusal(&key("a"), &t + 0), Some(seconds(expected)), "{said:?}");
    }
    // What only others knew, they may end; and what this process waited out as well.
    breakers.apply(vec![told(None, 0)], &t + 30);
    assert!(breakers.states(&t + 30).is_empty());
    let breakers = Breakers::default();
    breakers.apply(vec![told(Some(60), 1)], &t + 0);
    breakers.apply(vec![told(Some(20), 1)], &t + 0);
    assert_eq!(breakers.refusal(&key("a"), &t + 0), Some(seconds(20)));
    breakers.apply(vec![told(None, 0)], &t + 0);
    assert_eq!(breakers.refusal(&key("a"), &t + 0), None);
    assert!(breakers.changed(&t + 0).is_empty());
}

#[test]
fn an_operator_closes_it() {
    let t = time();
    let breakers = opened(&t + 0);
    breakers.changed(&t + 0);
    breakers.close("b", "https://api.example.com");
    breakers.close("a", "nonsense");
    assert!(breakers.refusal(&key("a"), &t + 1).is_some());
    breakers.close("a", "https://api.example.com");
    assert!(breakers.pass(&key("a"), &t + 1).is_ok());
    assert_eq!(breakers.changed(&t + 1).first().map(|state| (state.opened, state.open_for)), Some((0, None)));
}

#[test]
fn strangers_fill_no_memory_and_push_out_closed_circuits_first() {
    let t = time();
    let breakers = opened(&t + 0);
    breakers.apply(vec![BreakerState { tenant: "b".to_owned(), ..told(Some(900), 9) }], &t + 0);
    let stranger = |number: usize| {
        let origin = Origin::parse(&format!("https://h{number}.example.com")).expect("an origin");
        CircuitKey::of("stranger", &origin)
    };
    for number in 0..table::MANY + 50 {
        fails(&breakers, &stranger(number), &t + 1);
    }
    let many = breakers.states(&t + 1).len();
    assert_eq!(many, table::MANY);
    assert!(breakers.refusal(&key("a"), &t + 1).is_some() && breakers.refusal(&key("b"), &t + 1).is_some());
    assert!(breakers.states(&t + 200).len() == 2, "what is over is forgotten");
}

#[test]
fn an_error_is_kept_as_far_as_a_line_goes() {
    let (t, breakers) = (time(), Breakers::default());
    breakers.pass(&key("a"), &t + 0).expect("leave").failed(&t + 0, &"é".repeat(10_000));
    assert_eq!(breakers.states(&t + 0).first().map(|state| state.last_error.chars().count()), Some(ERROR));
}

proptest! {
    /// Whatever comes in whatever order: one probe at most, nobody goes before the time is over that this
    /// process saw itself, and no time is longer than the longest.
    #[test]
    fn in_any_order_there_is_one_probe_and_nobody_goes_early(steps in prop::collection::vec((0_u8..7, 0_u64..40), 1..120)) {
        let (t, breakers, key) = (time(), Breakers::default(), key("a"));
        let (mut now, mut closed_until, mut under_way) = (0, 0, Vec::new());
        for (what, later) in steps {
            now += later;
            let at = &t + now;
            match what {
                0..3 => match breakers.pass(&key, at) {
                    Ok(pass) => {
                        prop_assert!(now >= closed_until, "at {now}, before {closed_until}");
                        under_way.push(pass);
                    }
                    Err(left) => prop_assert!(left <= LONGEST && !left.is_zero()),
                },
                3 | 4 => {
                    let passes: Vec<_> = std::mem::take(&mut under_way);
                    for pass in passes {
                        pass.failed(at, "reset");
                    }
                    if !breakers.changed(at).is_empty() {
                        let left = breakers.refusal(&key, at).unwrap_or_default();
                        closed_until = now + left.as_secs();
                    }
                }
                5 if !under_way.is_empty() => {
                    under_way.swap_remove(0).answered();
                    if !breakers.changed(at).is_empty() {
                        closed_until = 0;
                    }
                }
                5 => under_way.clear(),
                _ => breakers.apply(vec![told(Some(later), u32::from(later > 20))], at),
            }
            prop_assert!(under_way.iter().filter(|pass| pass.is_probe()).count() <= 1);
            prop_assert!(breakers.states(at).iter().all(|state| state.open_for <= Some(LONGEST)));
        }
    }
}

use patchbay_model::manifest::Host;

use super::*;

fn grant(rate: Rate) -> Grant {
    Grant { connector: "a.b".to_owned(), connection: Some("con_1".to_owned()), rates: vec![rate], ..Grant::default() }
}

fn at(host: &str) -> Origin {
    Origin::parse(&format!("https://{host}.example.net")).expect("an origin")
}

/// Unix seconds.
const NOW: i64 = 1_795_190_400;

fn used_up(until_seconds: i64) -> HeaderMap {
    HeaderMap::from_iter([
        (http::HeaderName::from_static("x-left"), http::HeaderValue::from_static("0")),
        (http::HeaderName::from_static("x-reset"), http::HeaderValue::from(until_seconds)),
    ])
}

fn counted() -> Rate {
    Rate { remaining_header: Some("x-left".to_owned()), reset_header: Some("x-reset".to_owned()), ..rate() }
}

fn rate() -> Rate {
    Rate {
        scope: RateScope::Connection,
        path: None,
        per_second: None,
        per_minute: None,
        concurrency: None,
        remaining_header: None,
        reset_header: None,
        alone: false,
    }
}

#[tokio::test(start_paused = true)]
async fn no_stretch_of_a_minute_holds_more_than_the_limit() {
    let rates = Rates::default();
    let grant = grant(Rate { per_minute: Some(5), per_second: Some(2), ..rate() });
    let far = Instant::now() + Duration::from_secs(3_600);
    let mut gone = Vec::new();
    for _ in 0..23 {
        rates.lane(&grant, &at("o"), "/").turn(far).await.expect("a turn");
        gone.push(Instant::now());
    }
    for (many, length) in [(5, 60), (2, 1)] {
        for stretch in gone.windows(many + 1) {
            assert!(stretch[many] - stretch[0] >= Duration::from_secs(length), "{many} in {length} s");
        }
    }
    assert!(gone[22] - gone[0] <= Duration::from_secs(4 * 60 + 5), "and not slower than that");
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_told_and_takes_no_place_in_line() {
    let rates = Rates::default();
    let grant = grant(Rate { per_minute: Some(1), ..rate() });
    let lane = rates.lane(&grant, &at("o"), "/");
    let soon = Instant::now() + Duration::from_secs(10);
    assert!(lane.turn(soon).await.is_ok());
    for _ in 0..5 {
        assert_eq!(lane.turn(soon).await.err(), Some(Duration::from_secs(60)));
    }
    assert!(lane.turn(Instant::now() + Duration::from_secs(60)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_says_holds_for_all_of_the_connection() {
    let rates = Rates::default();
    let grant = grant(counted());
    rates.lane(&grant, &at("o"), "/").learn(&used_up(NOW + 40), Timestamp::from_millis(NOW * 1_000));
    let soon = Instant::now() + Duration::from_secs(10);
    assert_eq!(rates.lane(&grant, &at("o"), "/").turn(soon).await.err(), Some(Duration::from_secs(40)));
    let other = Grant { connection: Some("con_2".to_owned()), ..grant };
    let lane = rates.lane(&other, &at("o"), "/");
    assert!(lane.turn(soon).await.is_ok());
    lane.pause(Duration::from_secs(100_000_000));
    assert_eq!(rates.lane(&other, &at("o"), "/").turn(soon).await.err(), Some(LONGEST_PAUSE));
    assert!(rates.lane(&other, &at("another"), "/").turn(soon).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_one_connection_is_told_never_stops_another() {
    for scope in [RateScope::Connector, RateScope::Connection, RateScope::Account] {
        let rates = Rates::default();
        let one = grant(Rate { scope, ..counted() });
        let soon = Instant::now() + Duration::from_secs(10);
        rates.lane(&one, &at("o"), "/").learn(&used_up(NOW + 40), Timestamp::from_millis(NOW * 1_000));
        let left = rates.lane(&one, &at("o"), "/").turn(soon).await.err();
        assert_eq!(left, Some(Duration::from_secs(40)), "{scope:?}: the one that was told waits");
        for other in [
            Grant { connection: Some("con_2".to_owned()), ..one.clone() },
            Grant { tenant: "another".to_owned(), ..one.clone() },
        ] {
            assert!(rates.lane(&other, &at("o"), "/").turn(soon).await.is_ok(), "{scope:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn counters_hold_a_connection_for_a_quarter_of_an_hour_at_most() {
    for scope in [RateScope::Connector, RateScope::Connection] {
        for far in [NOW + 901, NOW + 1_000_000, 901, i64::MAX] {
            let (rates, grant) = (Rates::default(), grant(Rate { scope, ..counted() }));
            let lane = rates.lane(&grant, &at("o"), "/");
            lane.learn(&used_up(far), Timestamp::from_millis(NOW * 1_000));
            let left = lane.turn(Instant::now() + Duration::from_secs(10)).await.err();
            assert_eq!(left, Some(Duration::from_secs(900)), "{scope:?} until {far}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_a_person_entered_has_its_own_line_under_a_connectors_rate() {
    let rate = || Rate { scope: RateScope::Connector, per_minute: Some(1), concurrency: Some(1), ..rate() };
    let host = |origin: &str| Host {
        origin: origin.to_owned(),
        ports: Vec::new(),
        paths: vec!["/".to_owned()],
        methods: vec!["GET".to_owned()],
        slots: Vec::new(),
        reason: String::new(),
    };
    let soon = Instant::now() + Duration::from_secs(10);
    let of = |shop: &str, hosts: Vec<Host>| Grant {
        tenant: shop.to_owned(),
        hosts,
        placeholders: BTreeMap::from([("shop".to_owned(), shop.to_owned())]),
        ..grant(rate())
    };
    let rates = Rates::default();
    let entered = |shop| of(shop, vec![host("https://{shop}.example.net")]);
    let _held = rates.lane(&entered("slow"), &at("slow"), "/").turn(soon).await.expect("a turn");
    assert!(rates.lane(&entered("other"), &at("other"), "/").turn(soon).await.is_ok());
    assert!(rates.lane(&entered("slow"), &at("slow"), "/").turn(soon).await.is_err());

    let rates = Rates::default();
    let named = |shop| of(shop, vec![host("https://api.example.net"), host("https://{shop}.example.net")]);
    assert!(rates.lane(&named("one"), &at("api"), "/").turn(soon).await.is_ok());
    let left = rates.lane(&named("two"), &at("api"), "/").turn(soon).await.err();
    assert_eq!(left, Some(Duration::from_secs(60)), "a host that the manifest names is shared");
    // Nobody steps out of the line by entering the name that the manifest has.
    assert!(rates.lane(&named("api"), &at("api"), "/").turn(soon).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn only_so_many_go_at_the_same_time() {
    let rates = Rates::default();
    let grant = grant(Rate { concurrency: Some(2), path: Some("/slow".to_owned()), ..rate() });
    let soon = Instant::now() + Duration::from_secs(1);
    let lane = rates.lane(&grant, &at("o"), "/slow/x");
    let (one, _two) = (lane.turn(soon).await.ok(), lane.turn(soon).await.ok());
    assert!(lane.turn(soon).await.is_err());
    assert!(rates.lane(&grant, &at("o"), "/fast").turn(soon).await.is_ok());
    drop(one);
    assert!(lane.turn(Instant::now() + Duration::from_secs(1)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_for_every_account_and_every_run_of_a_connection_at_that_origin() {
    let rates = Rates::default();
    let account = |id: &str| Grant { account: Some(id.to_owned()), ..grant(counted()) };
    let soon = Instant::now() + Duration::from_secs(10);
    rates.lane(&account("a"), &at("o"), "/").pause(Duration::from_secs(100));
    rates.lane(&account("a"), &at("counted"), "/").learn(&used_up(NOW + 50), Timestamp::from_millis(NOW * 1_000));
    for one in ["a", "b"] {
        for (origin, seconds) in [("o", 100), ("counted", 50)] {
            let left = rates.lane(&account(one), &at(origin), "/x").turn(soon).await.err();
            assert_eq!(left, Some(Duration::from_secs(seconds)), "{one} at {origin}");
        }
        assert!(rates.lane(&account(one), &at("another"), "/").turn(soon).await.is_ok());
    }
    assert_eq!(rates.pauses().longest("", "con_1"), Some(Duration::from_secs(100)));
}

#[tokio::test(start_paused = true)]
async fn counters_of_one_account_or_of_some_paths_stop_no_more_than_those() {
    let soon = Instant::now() + Duration::from_secs(10);
    let now = Timestamp::from_millis(NOW * 1_000);
    let rates = Rates::default();
    let account =
        |id: &str| Grant { account: Some(id.to_owned()), ..grant(Rate { scope: RateScope::Account, ..counted() }) };
    rates.lane(&account("a"), &at("o"), "/").learn(&used_up(NOW + 40), now);
    assert!(rates.lane(&account("a"), &at("o"), "/").turn(soon).await.is_err());
    assert!(rates.lane(&account("b"), &at("o"), "/").turn(soon).await.is_ok());
    let search = grant(Rate { path: Some("/search".to_owned()), ..counted() });
    let rates = Rates::default();
    rates.lane(&search, &at("o"), "/search").learn(&used_up(NOW + 40), now);
    assert!(rates.lane(&search, &at("o"), "/search").turn(soon).await.is_err());
    assert!(rates.lane(&search, &at("o"), "/items").turn(soon).await.is_ok());
    assert_eq!(rates.pauses().longest("", "con_1"), None, "and none of it is the whole connection's");
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_of_a_rate_that_waits_alone_stop_no_other_account_and_no_other_path() {
    let soon = Instant::now() + Duration::from_secs(3_600);
    let pause = Duration::from_secs(600);
    let (rates, alone) = (Rates::default(), Rate { scope: RateScope::Account, alone: true, ..rate() });
    let account = |id: &str| Grant { account: Some(id.to_owned()), ..grant(alone.clone()) };
    let lane = rates.lane(&account("a"), &at("o"), "/");
    lane.throttle(pause);
    assert_eq!(lane.turn(soon).await.err(), Some(pause), "at once, although the run has time for it");
    assert!(lane.waits_alone(Instant::now()));
    assert!(rates.lane(&account("b"), &at("o"), "/").turn(soon).await.is_ok());

    for scope in [RateScope::Connector, RateScope::Connection] {
        let (rates, path) = (Rates::default(), Some("/history".to_owned()));
        let grant = grant(Rate { scope, path, alone: true, ..rate() });
        rates.lane(&grant, &at("o"), "/history").throttle(pause);
        assert_eq!(rates.lane(&grant, &at("o"), "/history").turn(soon).await.err(), Some(pause), "{scope:?}");
        assert!(rates.lane(&grant, &at("o"), "/users").turn(soon).await.is_ok());
        let other = Grant { connection: Some("con_2".to_owned()), ..grant.clone() };
        assert!(rates.lane(&other, &at("o"), "/history").turn(soon).await.is_ok());
        assert_eq!(rates.pauses().longest("", "con_1"), None, "the connection goes on");
        // What no such rate covers is the connection's, and then all of it waits.
        let users = rates.lane(&grant, &at("o"), "/users");
        users.throttle(pause);
        assert_eq!(rates.pauses().longest("", "con_1"), Some(pause));
        assert!(!rates.lane(&grant, &at("o"), "/history").waits_alone(Instant::now()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_wait_of_the_connection_makes_no_long_wait_of_one_path_everybodys() {
    let (rates, path) = (Rates::default(), Some("/history".to_owned()));
    let grant = grant(Rate { path, alone: true, ..rate() });
    let history = rates.lane(&grant, &at("o"), "/history");
    history.throttle(Duration::from_secs(600));
    rates.lane(&grant, &at("o"), "/users").pause(Duration::from_secs(5));
    assert!(history.waits_alone(Instant::now()));
}

#[tokio::test(start_paused = true)]
async fn a_counter_that_has_run_out_is_waited_for_also_where_a_throttle_would_wait_alone() {
    let rates = Rates::default();
    let counted = Rate { scope: RateScope::Account, alone: true, ..counted() };
    let grant = Grant { account: Some("a".to_owned()), ..grant(counted) };
    let lane = rates.lane(&grant, &at("o"), "/");
    lane.learn(&used_up(NOW + 60), Timestamp::from_millis(NOW * 1_000));
    let began = Instant::now();
    assert!(lane.turn(began + Duration::from_secs(600)).await.is_ok(), "a page may need more than one window");
    assert_eq!(began.elapsed(), Duration::from_secs(60));
    assert!(!lane.waits_alone(Instant::now()));
}

#[tokio::test(start_paused = true)]
async fn a_short_wait_of_a_rate_that_waits_alone_is_sat_out() {
    let rates = Rates::default();
    let grant = grant(Rate { path: Some("/history".to_owned()), alone: true, ..rate() });
    let lane = rates.lane(&grant, &at("o"), "/history");
    lane.throttle(Duration::from_secs(20));
    let began = Instant::now();
    assert!(lane.turn(began + Duration::from_secs(60)).await.is_ok());
    assert_eq!(began.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_line_already_waits_out_a_pause_that_another_was_told() {
    let rates = Rates::default();
    let grant = grant(Rate { per_minute: Some(1), ..rate() });
    let begun = Instant::now();
    let far = begun + Duration::from_secs(3_600);
    rates.lane(&grant, &at("o"), "/").turn(far).await.expect("a turn");
    let lane = rates.lane(&grant, &at("o"), "/");
    let (second, ()) = tokio::join!(lane.turn(far), async {
        tokio::task::yield_now().await;
        rates.lane(&grant, &at("o"), "/").pause(Duration::from_secs(300));
    });
    second.expect("a turn");
    assert!(begun.elapsed() >= Duration::from_secs(300), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_is_paused_holds_no_place_and_no_share_that_others_could_use() {
    let rates = Rates::default();
    let one = grant(Rate { scope: RateScope::Connector, concurrency: Some(1), per_minute: Some(1), ..rate() });
    let other = Grant { connection: Some("con_2".to_owned()), ..one.clone() };
    rates.lane(&one, &at("o"), "/").pause(Duration::from_secs(1_000));
    let far = Instant::now() + Duration::from_secs(3_600);
    let paused = rates.lane(&one, &at("o"), "/");
    let waits = paused.turn(far);
    tokio::pin!(waits);
    let begun = Instant::now();
    for _ in 0..4 {
        let lane = rates.lane(&other, &at("o"), "/");
        tokio::select! {
            biased;
            _ = &mut waits => panic!("it is paused"),
            turn = lane.turn(far) => assert!(turn.is_ok()),
        }
    }
    assert_eq!(begun.elapsed().as_secs(), 180, "as fast as the rate allows, as if it were alone");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_another_node_was_told_holds_at_every_origin_and_shortens_nothing() {
    let rates = Rates::default();
    let grant = grant(rate());
    let soon = Instant::now() + Duration::from_secs(1);
    rates.lane(&grant, &at("o"), "/").pause(Duration::from_secs(100));
    for (told, at_o, elsewhere) in [(50, 100, 50), (20, 100, 50), (200, 200, 200), (1_000_000, 86_400, 86_400)] {
        rates.pauses().tell("", "con_1", Duration::from_secs(told));
        for (origin, seconds) in [("o", at_o), ("p", elsewhere)] {
            let left = rates.lane(&grant, &at(origin), "/").turn(soon).await.err();
            assert_eq!(left, Some(Duration::from_secs(seconds)), "{told} at {origin}");
        }
    }
    assert_eq!(rates.pauses().longest("", "con_1"), Some(LONGEST_PAUSE));
    assert_eq!((rates.pauses().longest("", "con_2"), rates.pauses().longest("t", "con_1")), (None, None));
    tokio::time::advance(LONGEST_PAUSE).await;
    assert_eq!(rates.pauses().longest("", "con_1"), None);
}

#[tokio::test(start_paused = true)]
async fn a_busy_process_forgets_no_window_that_is_not_over() {
    let rates = Rates::default();
    let of = |number: usize| Grant {
        connection: Some(format!("con_{number}")),
        ..grant(Rate { per_minute: Some(1), ..rate() })
    };
    let soon = Instant::now() + Duration::from_secs(10);
    for number in 0..MANY + 10 {
        assert!(rates.lane(&of(number), &at("o"), "/").turn(soon).await.is_ok());
    }
    assert!(rates.lane(&of(1), &at("o"), "/").turn(soon).await.is_err());
    tokio::time::advance(Duration::from_secs(61)).await;
    for number in 0..2 * MANY {
        rates.lane(&of(MANY + 100 + number), &at("o"), "/");
    }
    let left = rates.limiters.lock().expect("a lock").all.len();
    assert!(left <= 2 * MANY + 10, "{left}");
}

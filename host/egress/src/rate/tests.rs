use patchbay_model::manifest::Host;

use super::*;

fn grant(rate: Rate) -> Grant {
    Grant { connector: "a.b".to_owned(), connection: Some("con_1".to_owned()), rates: vec![rate], ..Grant::default() }
}

fn at(host: &str) -> Origin {
    Origin::parse(&format!("https://{host}.example.net")).expect("an origin")
}

fn used_up(until_seconds: u64) -> HeaderMap {
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
    rates.lane(&grant, &at("o"), "/").learn(&used_up(1_040), Timestamp::from_millis(1_000_000));
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
        rates.lane(&one, &at("o"), "/").learn(&used_up(1_040), Timestamp::from_millis(1_000_000));
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
        for far in [1_000 + 901, 1_000_000_000, u64::MAX] {
            let (rates, grant) = (Rates::default(), grant(Rate { scope, ..counted() }));
            let lane = rates.lane(&grant, &at("o"), "/");
            lane.learn(&used_up(far), Timestamp::from_millis(1_000_000));
            let left = lane.turn(Instant::now() + Duration::from_secs(10)).await.err();
            let expected = i64::try_from(far).ok().map(|_| Duration::from_secs(900));
            assert_eq!(left, expected, "{scope:?} until {far}");
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

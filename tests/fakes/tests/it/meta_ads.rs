//! What the fake of the Marketing API promises to those who write connectors against it.

use std::{sync::Arc, time::Duration};

use patchbay_fakes::{
    Fakes, FakesConfig, Stand, also,
    meta_ads::{Edge, HOST, Kind, MetaAds, Plan},
};
use patchbay_model::{ManualClock, Timestamp};
use serde_json::{Value, json};
use url::Url;

use super::{
    calls::{Answer, plain},
    consent::{REDIRECT, form},
};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const DAY: u64 = 86_400;
/// A day after the days with deliveries.
const TODAY: &str = "2026-11-22";

struct Graph {
    fakes: Fakes,
    clock: Arc<ManualClock>,
}

impl Graph {
    fn open() -> Self {
        let all = also::all().into_iter().filter(|one| one.name() == "meta-ads").collect();
        let noon: Timestamp = format!("{TODAY}T12:00:00Z").parse().expect("a moment");
        let clock = Arc::new(ManualClock::at(noon));
        let config = FakesConfig { also: all, clock: Arc::clone(&clock) as _, ..FakesConfig::small() };
        let graph = Self { fakes: Fakes::start(config).expect("the fakes start"), clock };
        graph.fake().allow_redirect(REDIRECT);
        graph
    }

    fn stand(&self) -> &Stand<MetaAds> {
        self.fakes.stand().expect("the fake")
    }

    fn fake(&self) -> &MetaAds {
        &self.stand().provider
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        plain(method, &format!("{}{path}", self.stand().plain), headers, body).expect("an answer")
    }

    /// A call with a system user's token, which needs no proof.
    fn call(&self, method: &str, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {}", self.fake().system_token());
        let headers = [("authorization", bearer.as_str()), ("host", HOST), FORM];
        match method {
            "POST" => self.send("POST", &format!("/v25.0{path}"), &headers, &form(pairs)),
            _ => self.send(method, &format!("/v25.0{path}?{}", form(pairs)), &headers[..2], ""),
        }
    }

    fn get(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        self.call("GET", path, pairs)
    }

    /// All rows of a list, and how many pages it had.
    fn all(&self, path: &str, pairs: &[(&str, &str)]) -> (Vec<Value>, usize) {
        let (mut rows, mut pages, mut after) = (Vec::new(), 0, String::new());
        loop {
            let mut asked = pairs.to_vec();
            if !after.is_empty() {
                asked.push(("after", &after));
            }
            let answer = self.get(path, &asked);
            assert_eq!(answer.status, 200, "{}", answer.body);
            let page = answer.json();
            rows.extend(page["data"].as_array().cloned().expect("rows"));
            pages += 1;
            if page["paging"]["next"].is_null() {
                return (rows, pages);
            }
            after = page["paging"]["cursors"]["after"].as_str().expect("a cursor").to_owned();
        }
    }

    /// Logs in and consents, without what is unticked; what the callback is told.
    fn consent(&self, who: &str, unticked: &[&str]) -> Vec<(String, String)> {
        let asked = [
            ("client_id", self.fake().client().id),
            ("redirect_uri", REDIRECT.to_owned()),
            ("state", "st4te".to_owned()),
            ("response_type", "code".to_owned()),
            ("scope", "ads_read,business_management".to_owned()),
        ];
        let asked: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let path = format!("/v25.0/dialog/oauth?{}", form(&asked));
        let login = self.fake().login(who);
        let sign_in = self.send("GET", &path, &[], "").headers["location"].clone();
        let typed = form(&[("user", &login.user), ("password", &login.password)]);
        let signed = self.send("POST", &sign_in, &[FORM], &typed);
        let cookie = signed.headers["set-cookie"].split(';').next().expect("a cookie").to_owned();
        let page = self.send("GET", &path, &[("cookie", &cookie)], "").body;
        let token = page.split("fb_dtsg\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a form");
        let ticks: Vec<&str> =
            page.split("type=\"checkbox\" name=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let mut fields = vec![("fb_dtsg", token), ("decision", "allow")];
        fields.extend(ticks.into_iter().filter(|name| !unticked.contains(name)).map(|name| (name, "on")));
        let back = self.send("POST", &path, &[FORM, ("cookie", &cookie)], &form(&fields));
        let to = Url::parse(&back.headers["location"]).expect("an address");
        to.query_pairs().into_owned().collect()
    }

    fn token(&self, more: &[(&str, &str)]) -> Answer {
        let client = self.fake().client();
        let mut pairs = vec![("client_id", client.id.as_str()), ("client_secret", client.secret.as_str())];
        pairs.extend_from_slice(more);
        self.send("GET", &format!("/v25.0/oauth/access_token?{}", form(&pairs)), &[("host", HOST)], "")
    }

    fn exchange(&self, token: &Value) -> Answer {
        let token = token["access_token"].as_str().unwrap_or_default();
        self.token(&[("grant_type", "fb_exchange_token"), ("fb_exchange_token", token)])
    }

    fn short(&self, unticked: &[&str]) -> Value {
        let code = self.consent("owner", unticked).remove(0).1;
        self.token(&[("redirect_uri", REDIRECT), ("code", &code)]).json()
    }

    /// A report of this account and day; its id.
    fn start(&self, account: &str, day: &str) -> String {
        let answer = self.report(account, &[("time_range", &range(day))]);
        answer.json()["report_run_id"].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned()
    }

    fn report(&self, account: &str, more: &[(&str, &str)]) -> Answer {
        let mut pairs = vec![("level", "ad"), ("time_increment", "1")];
        for (name, value) in [("fields", "ad_id,impressions,clicks,spend,actions")].iter().chain(more) {
            pairs.retain(|(known, _)| known != name);
            pairs.push((name, value));
        }
        self.call("POST", &format!("/act_{account}/insights"), &pairs)
    }

    fn look(&self, id: &str) -> (String, u64) {
        let answer = self.get(&format!("/{id}"), &[("fields", "id,async_status,async_percent_completion")]).json();
        let status = answer["async_status"].as_str().unwrap_or_default().to_owned();
        (status, answer["async_percent_completion"].as_u64().unwrap_or_default())
    }
}

fn range(day: &str) -> String {
    json!({ "since": day, "until": day }).to_string()
}

fn error(answer: &Answer) -> (u64, u64) {
    let error = &answer.json()["error"];
    (error["code"].as_u64().unwrap_or_default(), error["error_subcode"].as_u64().unwrap_or_default())
}

#[test]
fn a_code_gives_an_hour_and_a_token_that_works_gives_sixty_days_and_no_refresh_token() {
    let graph = Graph::open();
    let code = graph.consent("owner", &[]).remove(0).1;
    let with_code = [("redirect_uri", REDIRECT), ("code", code.as_str())];
    let short = graph.token(&with_code).json();
    assert_eq!((short["expires_in"].as_u64(), short["refresh_token"].is_null()), (Some(3_600), true));
    assert_eq!(error(&graph.token(&with_code)), (100, 36_009), "a code works once");
    let long = graph.exchange(&short).json();
    assert_eq!(long["expires_in"], 5_183_944);
    assert_eq!(graph.exchange(&long).json()["expires_in"], 5_183_944, "a living long one gives a new one");
    graph.pass(3_600);
    assert_eq!(error(&graph.exchange(&short)), (190, 463));
    graph.pass(60 * DAY);
    assert_eq!(error(&graph.exchange(&long)), (190, 463), "an expired token cannot be exchanged");
    assert_eq!(error(&graph.exchange(&json!({ "access_token": "EAABx" }))), (190, 467));
    let client = graph.fake().client();
    let wrong = form(&[("client_id", &client.id), ("client_secret", "x"), ("code", "y"), ("redirect_uri", REDIRECT)]);
    let answer = graph.send("GET", &format!("/v25.0/oauth/access_token?{wrong}"), &[("host", HOST)], "");
    assert_eq!((answer.status, error(&answer)), (400, (1, 0)));
    graph.fake().says_life(false);
    assert!(graph.short(&[])["expires_in"].is_null());
}

#[test]
fn what_a_person_unticks_is_not_granted() {
    let graph = Graph::open();
    let token = graph.short(&["permission_business_management", "account_1010102", "account_2020202"]);
    let token = token["access_token"].as_str().expect("a token");
    let client = graph.fake().client();
    let debug = form(&[("input_token", token), ("access_token", &format!("{}|{}", client.id, client.secret))]);
    let told = graph.send("GET", &format!("/debug_token?{debug}"), &[("host", HOST)], "").json();
    assert_eq!((&told["data"]["is_valid"], &told["data"]["scopes"]), (&json!(true), &json!(["ads_read"])));
    assert_eq!(told["data"]["granular_scopes"][0]["target_ids"], json!(["1010101", "1010103", "2020203"]));
    let refused = graph.consent("other", &[]);
    assert_eq!(refused[1], ("state".to_owned(), "st4te".to_owned()));
}

#[test]
fn a_persons_calls_need_the_proof_and_a_wrong_one_is_refused_for_everybody() {
    let graph = Graph::open();
    let token = graph.short(&[]);
    let bearer = format!("Bearer {}", token["access_token"].as_str().expect("a token"));
    let me = |more: &str, bearer: &str| {
        let headers = [("authorization", bearer), ("host", HOST)];
        graph.send("GET", &format!("/v25.0/me?fields=id,name{more}"), &headers, "")
    };
    assert_eq!(error(&me("", &bearer)), (100, 0));
    assert_eq!(error(&me("&appsecret_proof=00", &bearer)), (100, 0));
    assert_eq!(graph.get("/me", &[("fields", "id,name")]).json()["name"], "Rapportage");
    assert_eq!(error(&graph.get("/me", &[("appsecret_proof", "00")])), (100, 0));
    assert_eq!(error(&me("", &format!("Bearer {}", graph.fake().signed_token()))), (100, 0));
    graph.fake().end_all(460);
    assert_eq!(error(&me("", &bearer)), (190, 460));
    assert!(graph.fake().living().is_empty());
}

#[test]
fn lists_have_short_pages_and_an_empty_one_and_end_only_where_there_is_no_next() {
    let graph = Graph::open();
    let (accounts, pages) = graph.all("/me/adaccounts", &[("fields", "account_id,account_status"), ("limit", "100")]);
    assert_eq!((accounts.len(), pages), (5, 3));
    let statuses: Vec<u64> = accounts.iter().filter_map(|one| one["account_status"].as_u64()).collect();
    assert_eq!(statuses, [1, 1, 3, 101, 2]);
    let (owned, _) = graph.all("/9001/owned_ad_accounts", &[("limit", "100")]);
    let (others, _) = graph.all("/9001/client_ad_accounts", &[("limit", "100")]);
    assert_eq!((owned.len(), others.len()), (4, 1));
    let (campaigns, pages) =
        graph.all("/act_1010101/campaigns", &[("fields", "id,name,updated_time"), ("limit", "500")]);
    assert_eq!((campaigns.len(), pages), (14, 3), "archived and deleted ones are left out");
    assert!(campaigns[0]["updated_time"].as_str().is_some_and(|time| time.ends_with("+0100")), "{}", campaigns[0]);
    let next = graph.get("/act_1010101/ads", &[]).json()["paging"]["next"].as_str().unwrap_or_default().to_owned();
    assert!(next.contains("access_token=EAAB"), "as the real one: {next}");
    for (path, pairs) in [
        ("/act_1010101/campaigns", ("fields", "id,age")),
        ("/act_1010101/adsets", ("fields", "objective")),
        ("/act_1010101/campaigns", ("limit", "501")),
        ("/act_1010101/campaigns", ("page", "2")),
        ("/1010101/campaigns", ("limit", "5")),
        ("/act_1010101", ("fields", "id")),
    ] {
        assert_eq!((graph.get(path, &[pairs]).status, path), (400, path), "{pairs:?}");
    }
    assert_eq!(error(&graph.get("/act_999/campaigns", &[])), (100, 33));
}

#[test]
fn filters_find_what_has_changed_and_what_is_gone() {
    let graph = Graph::open();
    let all =
        |filter: &str| graph.all("/act_1010101/ads", &[("fields", "id,effective_status"), ("filtering", filter)]).0;
    let gone = "{\"field\":\"ad.effective_status\",\"operator\":\"IN\",\"value\":[\"ARCHIVED\",\"DELETED\"]}";
    assert_eq!(all(&format!("[{gone}]")).len(), 2);
    graph.pass(100);
    let id = graph.fake().add("1010101", Edge::Ads, "Nieuw");
    let second = graph.fake().objects("1010101", Edge::Ads)[1]["id"].as_str().expect("an id").to_owned();
    assert!(graph.fake().set_status("1010101", Edge::Ads, &second, "DELETED"));
    let now: Timestamp = format!("{TODAY}T12:01:40Z").parse().expect("a moment");
    let since = |seconds: i64| {
        let value = now.as_millis() / 1_000 - seconds;
        format!("{{\"field\":\"ad.updated_time\",\"operator\":\"GREATER_THAN\",\"value\":{value}}}")
    };
    assert_eq!(all(&format!("[{}]", since(1)))[0]["id"], json!(id));
    assert_eq!(all(&format!("[{},{gone}]", since(1)))[0]["id"], json!(second));
    assert_eq!(all(&format!("[{}]", since(0))), [Value::Null; 0], "later than, not at");
    let wrong = "[{\"field\":\"campaign.updated_time\",\"operator\":\"GREATER_THAN\",\"value\":1}]";
    assert_eq!(graph.get("/act_1010101/ads", &[("filtering", wrong)]).status, 400);
}

#[test]
fn a_campaign_that_is_paused_pauses_its_ads_without_a_word() {
    let graph = Graph::open();
    graph.pass(100);
    let before = graph.fake().objects("1010101", Edge::Ads);
    let campaign = before[0]["campaign_id"].as_str().expect("an id").to_owned();
    assert!(graph.fake().pause("1010101", &campaign) && !graph.fake().pause("1010101", "1"));
    for (was, is) in before.iter().zip(graph.fake().objects("1010101", Edge::Ads)) {
        let below = was["campaign_id"] == json!(campaign) && was["status"] == json!("ACTIVE");
        assert_eq!(is["effective_status"] == json!("CAMPAIGN_PAUSED"), below, "{is}");
        assert_eq!((&is["updated_time"], &is["status"]), (&was["updated_time"], &was["status"]));
    }
    let all = graph.fake().objects("1010101", Edge::Campaigns);
    let paused = all.iter().find(|one| one["id"] == json!(campaign)).expect("the campaign");
    assert_eq!(paused["effective_status"], "PAUSED");
    assert_ne!(paused["updated_time"], paused["created_time"], "it says so itself");
}

#[test]
fn an_account_that_is_too_large_answers_small_pages_only() {
    let graph = Graph::open();
    graph.fake().enlarge("1010101");
    let page = |account: &str, limit: &str| graph.get(&format!("/act_{account}/ads"), &[("limit", limit)]);
    assert_eq!(error(&page("1010101", "11")), (1, 99));
    assert_eq!((page("1010101", "10").status, page("1010102", "500").status), (200, 200));
}

#[test]
fn a_job_moves_through_its_states_and_is_read_only_when_it_is_complete() {
    let graph = Graph::open();
    let id = graph.start("1010101", "2026-11-21");
    assert_eq!(graph.look(&id), ("Job Not Started".to_owned(), 0));
    graph.pass(7);
    assert_eq!(graph.look(&id).0, "Job Running");
    assert_eq!(graph.get(&format!("/{id}/insights"), &[]).status, 400, "not before it is complete");
    graph.pass(3);
    assert_eq!(graph.look(&id), ("Job Completed".to_owned(), 100));
    let (rows, pages) = graph.all(&format!("/{id}/insights"), &[("limit", "500")]);
    assert_eq!((rows.len(), pages), (4, 2));
    assert!(
        rows.iter().all(|row| row["impressions"].is_string() && row["date_start"] == json!("2026-11-21")),
        "{rows:?}"
    );
    assert_eq!(graph.stand().journal.objects().len(), 1, "a job is in the journal");
    graph.pass(31 * DAY);
    assert_eq!(error(&graph.get(&format!("/{id}"), &[])), (100, 33), "it is kept for a month");
}

#[test]
fn jobs_get_stuck_fail_and_say_they_are_full_before_they_are_as_planned() {
    let graph = Graph::open();
    let plans =
        [Plan::EachState, Plan::StuckAtZero, Plan::Fails, Plan::FullButRunning(1), Plan::NotThereYet, Plan::Skipped];
    graph.fake().plan("1010101", &plans);
    let ids = plans.map(|_| graph.start("1010101", "2026-11-21"));
    graph.pass(3_600);
    let names = |id: &String| [(); 5].map(|()| graph.look(id).0);
    let running = "Job Running";
    assert_eq!(names(&ids[0]), ["Job Not Started", "Job Started", running, running, "Job Completed"]);
    assert_eq!(graph.look(&ids[1]), (running.to_owned(), 0));
    assert_eq!(graph.look(&ids[2]).0, running);
    let failed = graph.get(&format!("/{}", ids[2]), &[("fields", "async_status,error_code,error_user_msg")]).json();
    assert_eq!((&failed["async_status"], &failed["error_code"]), (&json!("Job Failed"), &json!(2)));
    assert_eq!(graph.look(&ids[3]), (running.to_owned(), 100));
    assert_eq!(graph.get(&format!("/{}/insights", ids[3]), &[]).status, 400, "100 percent are not enough");
    assert_eq!(graph.look(&ids[3]).0, "Job Completed");
    assert_eq!(error(&graph.get(&format!("/{}", ids[4]), &[])), (100, 33));
    assert_eq!(graph.look(&ids[4]).0, "Job Completed");
    assert_eq!(graph.look(&ids[5]).0, "Job Skipped");
}

#[test]
fn a_report_refuses_what_the_sheet_refuses() {
    let graph = Graph::open();
    let day = range("2026-11-21");
    for wrong in [
        &[("fields", "impressions,age"), ("time_range", day.as_str())][..],
        &[("breakdowns", "[\"dma\"]"), ("time_range", &day)],
        &[("breakdowns", "age"), ("time_range", &day)],
        &[("time_range", &range("2026-11-23"))],
        &[("time_range", &range("2023-01-01"))],
        &[("time_range", "{\"since\":\"2026-11-21\"}")],
        &[("level", "account"), ("time_range", &day)],
        &[("date_preset", "yesterday")],
    ] {
        assert_eq!(graph.report("1010101", wrong).status, 400, "{wrong:?}");
    }
    // Noon in Brussels is morning in New York: the same day. Two hours before midnight UTC it is not.
    graph.pass(11 * 3_600 + 1_800);
    assert_eq!(graph.report("1010101", &[("time_range", &range("2026-11-23"))]).status, 200);
    assert_eq!(graph.report("1010102", &[("time_range", &range("2026-11-23"))]).status, 400);
}

#[test]
fn rows_hold_texts_leave_out_what_is_zero_and_are_broken_down() {
    let graph = Graph::open();
    let whole = graph.fake().rows("1010101", "ad_id,impressions,clicks,spend,actions", &[]);
    let parts = graph.fake().rows("1010101", "ad_id,impressions,clicks,spend,actions", &["age", "gender"]);
    assert_eq!((whole.len(), parts.len()), (16, 32));
    assert!(parts.iter().all(|row| row["impressions"].is_string() && row["spend"].is_string()), "{parts:?}");
    let quiet = parts.iter().find(|row| row["gender"] == json!("male")).expect("a row");
    assert_eq!((quiet.get("clicks"), quiet.get("actions"), &quiet["age"]), (None, None, &json!("35-44")));
    let number = |row: &Value| row["impressions"].as_str().and_then(|text| text.parse::<u64>().ok());
    let sum = |rows: &[Value]| rows.iter().filter_map(number).sum::<u64>();
    assert_eq!(sum(&whole), sum(&parts));
    let at_once =
        [("level", "ad"), ("time_increment", "1"), ("time_range", &range("2026-11-21")), ("fields", "ad_id,spend")];
    assert_eq!(graph.all("/act_1010101/insights", &at_once).0.len(), 4);
    graph.fake().enlarge("1010101");
    assert_eq!(error(&graph.get("/act_1010101/insights", &at_once)), (1, 99));
}

#[test]
fn one_account_is_throttled_or_lost_and_the_others_are_not() {
    let graph = Graph::open();
    graph.fake().use_up("1010101", Kind::Insights, 80, 10);
    let first = graph.report("1010101", &[("time_range", &range("2026-11-21"))]);
    let usage: Value = serde_json::from_str(&first.headers["x-business-use-case-usage"]).expect("JSON");
    assert_eq!((first.status, &usage["1010101"][0]["call_count"]), (200, &json!(90)));
    let second = graph.report("1010101", &[("time_range", &range("2026-11-21"))]);
    assert_eq!((second.status, error(&second).0), (400, 80_000));
    let usage: Value = serde_json::from_str(&second.headers["x-business-use-case-usage"]).expect("JSON");
    assert_eq!(usage["1010101"][0]["estimated_time_to_regain_access"], 5);
    assert!(!second.headers.contains_key("retry-after"));
    let campaigns = graph.get("/act_1010101/campaigns", &[]);
    assert_eq!(campaigns.status, 200, "another kind of work");
    let usage: Value = serde_json::from_str(&campaigns.headers["x-business-use-case-usage"]).expect("JSON");
    let told: Vec<(&Value, &Value)> =
        usage["1010101"].as_array().into_iter().flatten().map(|one| (&one["type"], &one["call_count"])).collect();
    assert_eq!(told, [(&json!("ads_management"), &json!(1)), (&json!("ads_insights"), &json!(100))]);
    assert_eq!(graph.report("1010102", &[("time_range", &range("2026-11-21"))]).status, 200);
    graph.pass(301);
    assert_eq!(graph.report("1010101", &[("time_range", &range("2026-11-21"))]).status, 200);
    assert!(graph.fake().lose_account("1010103", true));
    let lost = graph.get("/act_1010103/campaigns", &[]);
    assert_eq!((lost.status, error(&lost).0), (403, 200));
    assert_eq!(graph.all("/me/adaccounts", &[]).0.len(), 4);
}

#[test]
fn taking_the_consent_back_ends_everything_of_that_person() {
    let graph = Graph::open();
    let (first, second) = (graph.short(&[]), graph.short(&[]));
    let token = first["access_token"].as_str().expect("a token");
    let client = graph.fake().client().id;
    let take_back = |proof: &[(&str, &str)]| {
        let query = form(&[&[("access_token", token), ("client_id", &client)], proof].concat());
        graph.send("DELETE", &format!("/v25.0/me/permissions?{query}"), &[("host", HOST)], "")
    };
    assert_eq!(error(&take_back(&[])), (100, 0), "this call needs the proof as all others do");
    assert_eq!(error(&take_back(&[("appsecret_proof", "00")])), (100, 0));
    let answer = take_back(&[("appsecret_proof", &graph.fake().proof(token))]);
    assert_eq!((answer.status, answer.json()), (200, json!({ "success": true })));
    assert_eq!(error(&graph.exchange(&second)), (190, 458));
    graph.fake().outdate(true);
    assert_eq!(error(&graph.get("/me", &[])).0, 2635);
}

//! What the Google fake promises to those who write connectors against it.

use std::{sync::Arc, time::Duration};

use super::calls::{Answer, plain};
use patchbay_fakes::{Fakes, FakesConfig, Stand, also, google_workspace::GoogleWorkspace};
use patchbay_model::{ManualClock, Timestamp};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

const REDIRECT: &str = "http://127.0.0.1:8080/oauth/callback/cli_1";
const AUTH: &str = "https://www.googleapis.com/auth/";
const CALENDAR: [&str; 2] = ["calendar.calendarlist.readonly", "calendar.events"];
const DIRECTORY: [&str; 4] = [
    "admin.directory.user.readonly",
    "admin.directory.group.readonly",
    "admin.directory.group.member.readonly",
    "admin.directory.user.security",
];
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const JSON: (&str, &str) = ("content-type", "application/json");
const LIST: &str = "/calendar/v3/users/me/calendarList";
const MAIN: &str = "/calendar/v3/calendars/els%40voorbeeld.example/events";
const OFFLINE: &str = "&access_type=offline";
const ASKED: &str = "&access_type=offline&prompt=consent&include_granted_scopes=true";

struct World {
    fakes: Fakes,
    clock: Arc<ManualClock>,
}

impl World {
    fn start() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_795_255_200_000)));
        let also = also::all().into_iter().filter(|fake| fake.name() == "google-workspace").collect();
        let config = FakesConfig { also, clock: Arc::clone(&clock) as _, ..FakesConfig::small() };
        let world = Self { fakes: Fakes::start(config).expect("the fakes start"), clock };
        world.google().allow_redirect(REDIRECT);
        world
    }

    fn stand(&self) -> &Stand<GoogleWorkspace> {
        self.fakes.stand::<GoogleWorkspace>().expect("the fake")
    }

    fn google(&self) -> &GoogleWorkspace {
        &self.stand().provider
    }

    fn ask(&self, host: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("host", host), ("user-agent", "patchbay-test")];
        all.extend_from_slice(headers);
        plain(method, &format!("{}{path}", self.stand().plain), &all, body).expect("an answer")
    }

    /// Logs in and answers the consent page with these boxes ticked; the code.
    fn code(&self, who: &str, scopes: &[&str], ticked: &[&str], how: &str) -> String {
        let full = |names: &[&str]| names.iter().map(|name| format!("{AUTH}{name}")).collect::<Vec<_>>();
        let scope = format!("openid email {}", full(scopes).join(" "));
        let client = self.google().client();
        let pairs = [
            ("response_type", "code"),
            ("client_id", client.id.as_str()),
            ("redirect_uri", REDIRECT),
            ("scope", scope.as_str()),
            ("state", "st4te"),
        ];
        let path = format!("/o/oauth2/v2/auth?{}{how}", form(&pairs));
        let login = self.google().login(who);
        let page = self.ask("127.0.0.1", "GET", &path, &[], "");
        let typed = form(&[("user", &login.user), ("password", &login.password)]);
        let signed = self.ask("127.0.0.1", "POST", &page.headers["location"], &[FORM], &typed);
        let cookie = signed.headers["set-cookie"].split(';').next().expect("a cookie").to_owned();
        let page = self.ask("127.0.0.1", "GET", &path, &[("cookie", &cookie)], "");
        let token = page.body.split("authenticity_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let boxes: Vec<String> = full(ticked).iter().map(|scope| format!("box:{scope}")).collect();
        let mut answered = vec![("authenticity_token", token.expect("a form")), ("decision", "allow")];
        answered.extend(boxes.iter().map(|name| (name.as_str(), "on")));
        let back = self.ask("127.0.0.1", "POST", &path, &[FORM, ("cookie", &cookie)], &form(&answered));
        let back = Url::parse(&back.headers["location"]).expect("an address");
        let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code");
        code.1.into_owned()
    }

    fn redeem(&self, code: &str) -> Value {
        let client = self.google().client();
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("client_id", &client.id),
            ("client_secret", &client.secret),
        ];
        self.ask("oauth2.googleapis.com", "POST", "/token", &[FORM], &form(&pairs)).json()
    }

    fn refresh(&self, token: &str) -> Answer {
        let client = self.google().client();
        let pairs = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", &client.id),
            ("client_secret", &client.secret),
        ];
        self.ask("oauth2.googleapis.com", "POST", "/token", &[FORM], &form(&pairs))
    }

    /// An access token of a person who ticked everything.
    fn connected(&self, who: &str, scopes: &[&str]) -> String {
        text(&self.redeem(&self.code(who, scopes, scopes, ASKED))["access_token"])
    }

    fn get(&self, token: &str, path: &str) -> Answer {
        let host = if path.starts_with("/admin") { "admin.googleapis.com" } else { "www.googleapis.com" };
        self.ask(host, "GET", path, &[("authorization", &format!("Bearer {token}"))], "")
    }

    fn write(&self, token: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut all = vec![("authorization", bearer.as_str()), JSON];
        all.extend_from_slice(headers);
        self.ask("www.googleapis.com", method, path, &all, &body.to_string())
    }

    /// All rows of a list, and the last page.
    fn all(&self, token: &str, path: &str, member: &str) -> (Vec<Value>, Value) {
        let (mut rows, mut next) = (Vec::new(), None::<String>);
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let paged = next.as_ref().map_or(path.to_owned(), |next| format!("{path}{sign}pageToken={next}"));
            let answer = self.get(token, &paged);
            assert_eq!(answer.status, 200, "{paged}: {}", answer.body);
            let page = answer.json();
            rows.extend(page[member].as_array().cloned().unwrap_or_default());
            match page["nextPageToken"].as_str() {
                Some(token) => next = Some(token.to_owned()),
                None => return (rows, page),
            }
        }
    }

    fn refusals(&self) -> usize {
        self.stand().journal.entries().iter().filter(|entry| entry.refusal.is_some()).count()
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn reason(answer: &Answer) -> (u16, String) {
    (answer.status, text(&answer.json()["error"]["errors"][0]["reason"]))
}

#[test]
fn a_refresh_token_comes_with_the_first_consent_and_later_only_where_it_is_asked_for() {
    let world = World::start();
    let give = |how: &str| world.redeem(&world.code("els", &CALENDAR, &CALENDAR, how));
    assert_eq!(give("")["refresh_token"], Value::Null, "without offline there is none");
    let first = give(OFFLINE);
    let token = text(&first["refresh_token"]);
    assert!(token.starts_with("1//0g") && text(&first["access_token"]).starts_with("ya29.a0"));
    assert_eq!(give(OFFLINE)["refresh_token"], Value::Null, "a second consent brings none by itself");
    assert!(give(ASKED)["refresh_token"].is_string());
    let renewed = world.refresh(&token);
    assert_eq!((renewed.status, renewed.json()["refresh_token"].clone()), (200, Value::Null));
    assert_eq!(world.refresh(&token).status, 200, "the old one stays good");
    assert_eq!(world.refusals(), 0);
}

#[test]
fn a_refresh_token_ends_with_the_grant_by_disuse_and_in_testing_after_a_week() {
    let world = World::start();
    let token = || text(&world.redeem(&world.code("els", &CALENDAR, &CALENDAR, ASKED))["refresh_token"]);
    let dead = |token: &str| {
        let answer = world.refresh(token);
        (answer.status, answer.json()["error"].clone()) == (400, json!("invalid_grant"))
    };
    let (one, two) = (token(), token());
    let revoke =
        |token: &str| world.ask("oauth2.googleapis.com", "POST", "/revoke", &[FORM], &form(&[("token", token)]));
    assert_eq!(revoke(&one).status, 200);
    assert!(dead(&one) && dead(&two), "one token given back ends the grant");
    assert_eq!((revoke(&one).status, revoke(&one).json()["error"].clone()), (400, json!("invalid_token")));
    let idle = token();
    world.clock.advance(Duration::from_secs(180 * 86_400));
    assert!(dead(&idle));
    world.google().testing(true);
    let short = token();
    world.clock.advance(Duration::from_secs(6 * 86_400));
    assert!(!dead(&short));
    world.clock.advance(Duration::from_secs(86_400));
    assert!(dead(&short));
    world.google().testing(false);
    let fine = token();
    world.google().want_login(true);
    assert_eq!(world.refresh(&fine).json()["error_subtype"], json!("invalid_rapt"));
}

#[test]
fn a_box_that_was_left_out_is_not_granted_and_later_ones_are_added() {
    let world = World::start();
    let first = world.redeem(&world.code("els", &CALENDAR, &CALENDAR[..1], ASKED));
    assert!(!text(&first["scope"]).contains("calendar.events"), "{first}");
    let token = text(&first["access_token"]);
    assert_eq!(world.get(&token, LIST).status, 200);
    assert_eq!(reason(&world.get(&token, MAIN)), (403, "insufficientPermissions".to_owned()));
    let second = world.redeem(&world.code("els", &CALENDAR, &CALENDAR[1..], ASKED));
    let token = text(&second["access_token"]);
    assert_eq!((world.get(&token, LIST).status, world.get(&token, MAIN).status), (200, 200));
    assert_eq!(world.refusals(), 0);
}

#[test]
fn each_list_has_an_empty_page_and_a_token_belongs_to_its_question() {
    let world = World::start();
    let token = world.connected("els", &CALENDAR);
    let first = world.get(&token, &format!("{MAIN}?maxResults=5")).json();
    let next = text(&first["nextPageToken"]);
    let second = world.get(&token, &format!("{MAIN}?maxResults=5&pageToken={next}")).json();
    assert_eq!((first["items"].as_array().map(Vec::len), second["items"].clone()), (Some(5), json!([])));
    assert!(second["nextPageToken"].is_string() && second["nextSyncToken"].is_null());
    let (rows, last) = world.all(&token, &format!("{MAIN}?maxResults=5"), "items");
    assert_eq!(rows.len(), 17);
    assert!(last["nextSyncToken"].is_string());
    assert_eq!(world.refusals(), 0);
    assert_eq!(
        reason(&world.get(&token, &format!("{MAIN}?maxResults=6&pageToken={next}"))),
        (400, "invalid".to_owned())
    );
    assert_eq!(world.refusals(), 1);
}

#[test]
fn a_sync_token_brings_what_has_changed_rows_that_went_among_it_and_grows_old() {
    let world = World::start();
    let token = world.connected("els", &CALENDAR);
    let sync = text(&world.all(&token, MAIN, "items").1["nextSyncToken"]);
    let [main, ..] = world.google().calendars();
    assert_eq!(world.all(&token, &format!("{MAIN}?syncToken={sync}"), "items").0, Vec::<Value>::new());
    assert!(world.google().remove_event(main, "7k2m0321"));
    assert!(world.google().rename_event(main, "7k2m0121", "Anders"));
    let (rows, last) = world.all(&token, &format!("{MAIN}?syncToken={sync}"), "items");
    assert_eq!(rows[0]["summary"], json!("Anders"));
    assert_eq!(rows[1], json!({ "kind": "calendar#event", "id": "7k2m0321", "status": "cancelled" }));
    assert_eq!(rows.len(), 2);
    let later = text(&last["nextSyncToken"]);
    assert_eq!(world.refusals(), 0);
    let beside = world.get(&token, &format!("{MAIN}?syncToken={later}&timeMin=2026-11-21T00:00:00Z"));
    assert_eq!((beside.status, world.refusals()), (400, 1), "nothing stands beside a sync token");
    world.google().forget_changes();
    assert_eq!(reason(&world.get(&token, &format!("{MAIN}?syncToken={later}"))), (410, "fullSyncRequired".to_owned()));
}

#[test]
fn the_list_of_calendars_hides_and_deletes() {
    let world = World::start();
    let token = world.connected("els", &CALENDAR);
    let all = format!("{LIST}?showDeleted=true&showHidden=true");
    assert_eq!(world.all(&token, LIST, "items").0.len(), 4);
    let (rows, last) = world.all(&token, &all, "items");
    assert_eq!(rows.len(), 5);
    let [_, team, ..] = world.google().calendars();
    assert!(world.google().remove_calendar(team));
    let sync = text(&last["nextSyncToken"]);
    let (rows, _) = world.all(&token, &format!("{LIST}?syncToken={sync}"), "items");
    assert_eq!(rows, [json!({ "kind": "calendar#calendarListEntry", "id": team, "deleted": true })]);
}

#[test]
fn a_series_is_one_event_or_many() {
    let world = World::start();
    let token = world.connected("els", &CALENDAR);
    let search = format!("{MAIN}?q=weekoverleg&singleEvents=true&orderBy=startTime&timeMin=2026-11-01T00:00:00Z");
    let (rows, last) = world.all(&token, &search, "items");
    assert_eq!((rows.len(), last["nextSyncToken"].clone()), (3, Value::Null), "the second one is cancelled");
    assert!(rows.iter().all(|row| row["recurringEventId"] == "7k2mseries0"));
    let one = world.get(&token, &format!("{MAIN}/{}", text(&rows[0]["id"])));
    assert_eq!(one.json()["start"], rows[0]["start"]);
    assert_eq!(world.refusals(), 0);
    let empty = format!("{MAIN}?timeMin=2026-11-02T00:00:00Z&timeMax=2026-11-01T00:00:00Z");
    assert_eq!(reason(&world.get(&token, &empty)), (400, "timeRangeEmpty".to_owned()));
}

#[test]
fn an_id_of_ones_own_is_taken_once_and_its_letters_are_few() {
    let world = World::start();
    let token = world.connected("els", &CALENDAR);
    let event = |id: &str| {
        let body = json!({ "id": id, "summary": "x", "start": { "dateTime": "2026-11-23T10:00:00Z" }, "end": { "dateTime": "2026-11-23T11:00:00Z" } });
        reason(&world.write(&token, "POST", &format!("{MAIN}?sendUpdates=none"), &[], &body))
    };
    assert_eq!(event("0123abcv"), (200, String::new()));
    assert_eq!(event("0123abcv"), (409, "duplicate".to_owned()));
    for odd in ["0123", "0123abcz", "0123-abc", "0123ABC"] {
        assert_eq!(event(odd), (400, "invalid".to_owned()), "{odd}");
    }
    assert_eq!(world.stand().journal.objects().len(), 1);
    assert_eq!(world.refusals(), 0);
}

#[test]
fn a_change_is_merged_asks_for_the_version_and_is_the_organisers() {
    let world = World::start();
    let token = world.connected("els", &CALENDAR);
    let path = |id: &str| format!("{MAIN}/{id}?sendUpdates=none");
    let etag = text(&world.get(&token, &format!("{MAIN}/7k2m0521")).json()["etag"]);
    let mark = |name: &str| json!({ "description": name, "extendedProperties": { "private": { format!("patchbay_{name}"): "1" } } });
    let change =
        |id: &str, etag: &str, body: &Value| world.write(&token, "PATCH", &path(id), &[("if-match", etag)], body);
    assert_eq!(change("7k2m0521", &etag, &mark("one")).status, 200);
    assert_eq!(reason(&change("7k2m0521", &etag, &mark("two"))), (412, "conditionNotMet".to_owned()));
    let etag = text(&world.get(&token, &format!("{MAIN}/7k2m0521")).json()["etag"]);
    let both = change("7k2m0521", &etag, &mark("two")).json();
    assert_eq!(both["extendedProperties"]["private"], json!({ "patchbay_one": "1", "patchbay_two": "1" }));
    let (_, invited) = world.google().special_events();
    let answer = world.write(&token, "PATCH", &path(invited), &[], &mark("x"));
    assert_eq!(reason(&answer), (403, "forbiddenForNonOrganizer".to_owned()));
    let shared = "/calendar/v3/calendars/jan%40voorbeeld.example/events/7k2m0021?sendUpdates=none";
    assert_eq!(reason(&world.write(&token, "PATCH", shared, &[], &mark("x"))), (403, "forbidden".to_owned()));
    assert_eq!(world.refusals(), 0);
    assert_eq!(world.write(&token, "PATCH", &path("7k2m0521"), &[], &json!({ "colour": "1" })).status, 400);
    assert_eq!(world.refusals(), 1);
}

#[test]
fn the_directory_is_an_administrators() {
    let world = World::start();
    let admin = world.connected("an", &DIRECTORY);
    let plain = world.connected("els", &DIRECTORY);
    let users = "/admin/directory/v1/users?customer=my_customer&projection=full&orderBy=email";
    assert_eq!(reason(&world.get(&plain, users)), (403, "forbidden".to_owned()));
    assert_eq!(world.all(&admin, &format!("{users}&maxResults=4"), "users").0.len(), 15);
    assert_eq!(world.all(&admin, &format!("{users}&showDeleted=true"), "users").0.len(), 1);
    assert_eq!(world.all(&admin, "/admin/directory/v1/groups?customer=my_customer", "groups").0.len(), 4);
    let nobody = world.get(&admin, "/admin/directory/v1/groups/group0000/members").json();
    assert!(nobody.get("members").is_none() && nobody["kind"].is_string(), "a list without rows has no member");
    assert_eq!(world.all(&admin, "/admin/directory/v1/groups/group0003/members", "members").0.len(), 9);
    assert_eq!(world.all(&admin, "/admin/directory/v1/users/118002/tokens", "items").0.len(), 3);
    assert_eq!(reason(&world.get(&admin, "/admin/directory/v1/users/9/tokens")), (404, "notFound".to_owned()));
    world.google().demote(true);
    assert_eq!(reason(&world.get(&admin, users)), (403, "forbidden".to_owned()));
    assert_eq!(world.refusals(), 0);
    world.google().demote(false);
    assert_eq!(world.get(&admin, "/admin/directory/v1/users?domain=x").status, 400);
    assert_eq!(world.refusals(), 1);
}

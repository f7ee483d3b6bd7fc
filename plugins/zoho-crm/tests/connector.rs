//! The connector over recorded answers.
#![cfg(test)]

#[path = "connector/reading.rs"]
mod reading;

use patchbay_connector_zoho_crm::ZohoCrm;
use patchbay_sdk::{
    Attachment, Auth, Case, Context, Fetch, Item, Outcome, PickRequest, Push, ReadRequest, testing::TestHost,
};
use serde_json::{Value, json};

/// 2026-11-21T09:50:00Z.
const SENT_MS: u64 = 1_795_254_600_000;
const CRM: &str = "https://www.zohoapis.eu/crm/v8";
const DRIVE: &str = "https://www.zohoapis.eu/workdrive/api/v1";
const EVENT: &str = "5543210000000381023";

fn ctx(settings: &Value) -> Context {
    let manifest = include_str!("../connector.toml");
    let defaults = manifest.split("defaults = '''").nth(1).and_then(|rest| rest.split("'''").next()).unwrap();
    let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Context {
        auth: "oauth".to_owned(),
        facts: vec![
            fact("region", "eu"),
            fact("api_domain", "https://www.zohoapis.eu"),
            fact("org_domain", "org20081234567"),
        ],
        settings: settings.to_string().into_bytes(),
        config: defaults.as_bytes().to_vec(),
        ..Context::default()
    }
}

fn plain() -> Context {
    ctx(&json!({ "workdrive_folder": "g4xh1" }))
}

fn anyone() -> Context {
    ctx(&json!({ "report_storage": "workdrive", "workdrive_subfolder": "Claritalk 2026", "links": "anyone" }))
}

/// The call that a fixture says, which the native test makes itself.
fn called(fixture: &str) -> Value {
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    let call = fixture["call"].as_object().unwrap().values().next().unwrap();
    call.clone()
}

fn item(fixture: &str) -> Item {
    let call = called(fixture);
    let files = call["attachments"].as_array().cloned().unwrap_or_default();
    let file = |(at, file): (usize, &Value)| Attachment {
        blob: format!("file-{}", at + 1),
        name: file["name"].as_str().unwrap().to_owned(),
        media_type: file["media-type"].as_str().unwrap().to_owned(),
        size: 16,
        sha256: "0".repeat(64),
    };
    let told = call["ext"].as_object().cloned().unwrap_or_default();
    Item {
        action: call["action"].as_str().unwrap().to_owned(),
        key: "k1".to_owned(),
        target: call["target"].to_string().into_bytes(),
        payload: call["payload"].to_string().into_bytes(),
        attachments: files.iter().enumerate().map(file).collect(),
        attempt: 1,
        ext: told.iter().map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned())).collect(),
    }
}

fn push(ctx: &Context, fixture: &str) -> Outcome {
    let _host = TestHost::answering(fixture).in_order();
    ZohoCrm::push(ctx, &item(fixture)).unwrap()
}

fn find(ctx: &Context, fixture: &str) -> Option<String> {
    let _host = TestHost::answering(fixture).in_order();
    let step = called(fixture)["step"].as_str().unwrap().to_owned();
    ZohoCrm::find(ctx, &item(fixture), &step, SENT_MS).unwrap().map(|object| object.id)
}

fn exchange(method: &str, url: &str, answer: Value) -> Value {
    json!({ "request": { "method": method, "url": url }, "answer": answer })
}

/// One write that is answered so.
fn refused(answer: Value) -> (patchbay_sdk::Error, Vec<String>) {
    let request =
        json!({ "method": "POST", "url": format!("{CRM}/Events/{EVENT}/Notes"), "effect": "write", "step": "note" });
    let host = TestHost::answering(&json!([{ "request": request, "answer": answer }]).to_string());
    let error = ZohoCrm::push(&plain(), &item(include_str!("../fixtures/actions/note.json"))).unwrap_err();
    (error, host.refused_steps())
}

#[test]
fn the_organisation_is_the_account_and_the_person_its_login() {
    let _host = TestHost::answering(include_str!("../fixtures/identify.json")).in_order();
    let identity = ZohoCrm::identify(&plain()).unwrap();
    assert_eq!((identity.id.as_str(), identity.name.as_str()), ("20081234567", "Vermeulen Advies"));
    assert_eq!(identity.login.as_deref(), Some("an@vermeulen.example"));
    assert_eq!(identity.facts, [("org_domain".to_owned(), "org20081234567".to_owned())]);
    assert_eq!(identity.accounts.len(), 1);
}

#[test]
fn a_data_centre_that_callback_and_tokens_do_not_agree_on_is_not_asked() {
    let _host = TestHost::empty();
    let with = |region: &str, domain: &str| {
        let facts = vec![("region".to_owned(), region.to_owned()), ("api_domain".to_owned(), domain.to_owned())];
        ZohoCrm::identify(&Context { facts, ..plain() }).unwrap_err().case()
    };
    assert_eq!(with("eu", "https://www.zohoapis.com"), Case::AuthRequired);
    assert_eq!(with("eu", "https://sandbox.zohoapis.eu"), Case::AuthRequired);
    assert_eq!(with("mars", "https://www.zohoapis.eu"), Case::AuthRequired);
    assert_eq!(ZohoCrm::identify(&Context { facts: Vec::new(), ..plain() }).unwrap_err().case(), Case::AuthRequired);
}

#[test]
fn each_data_centre_has_hosts_of_its_own_and_the_older_name_of_one_is_the_same_place() {
    for (region, domain, host) in [
        ("us", "https://www.zohoapis.com", "https://www.zohoapis.com"),
        ("eu", "https://api.zoho.eu", "https://www.zohoapis.eu"),
        ("au", "https://www.zohoapis.com.au", "https://www.zohoapis.com.au"),
        ("cn", "https://www.zohoapis.com.cn", "https://www.zohoapis.com.cn"),
    ] {
        let answer = json!({ "status": 503 });
        let _host = TestHost::answering(&json!([exchange("GET", &format!("{host}/crm/v8/org"), answer)]).to_string());
        let facts = vec![("region".to_owned(), region.to_owned()), ("api_domain".to_owned(), domain.to_owned())];
        let error = ZohoCrm::identify(&Context { facts, ..plain() }).unwrap_err();
        assert_eq!(error.case(), Case::Transient, "{region}");
    }
}

#[test]
fn a_note_is_put_on_the_event() {
    let outcome = push(&plain(), include_str!("../fixtures/actions/note.json"));
    let Outcome::Created(object) = outcome else { panic!("created") };
    assert_eq!(object.id, "5543210000000399001");
    assert_eq!(
        object.url.as_deref(),
        Some(format!("https://crm.zoho.eu/crm/org20081234567/tab/Events/{EVENT}").as_str())
    );
}

#[test]
fn a_todo_becomes_a_task_about_the_same_as_its_event() {
    let Outcome::Created(object) = push(&plain(), include_str!("../fixtures/actions/todo.json")) else {
        panic!("created")
    };
    assert_eq!(object.id, "5543210000000399101");
}

#[test]
fn a_report_goes_to_workdrive_and_to_the_event_and_its_note_links_there() {
    let created = |outcome: Outcome| matches!(outcome, Outcome::Created(_));
    assert!(created(push(&plain(), include_str!("../fixtures/actions/report.json"))));
    assert!(
        created(push(&anyone(), include_str!("../fixtures/actions/report.text.json"))),
        "a text, a new folder, a link"
    );
    let event = ctx(&json!({ "report_storage": "event" }));
    assert!(created(push(&event, include_str!("../fixtures/actions/report.event.json"))), "without WorkDrive");
    assert!(
        created(push(&plain(), include_str!("../fixtures/actions/report.resumed.json"))),
        "behind an upload that was found"
    );
}

#[test]
fn each_step_is_found_again_or_is_surely_not_there() {
    let found = |ctx: &Context, fixture| find(ctx, fixture);
    let note = "5543210000000399001".to_owned();
    assert_eq!(found(&plain(), include_str!("../fixtures/actions/note.found.json")), Some(note.clone()));
    assert_eq!(found(&plain(), include_str!("../fixtures/actions/note.absent.json")), None);
    assert_eq!(
        found(&plain(), include_str!("../fixtures/actions/todo.found.json")).as_deref(),
        Some("5543210000000399101")
    );
    assert_eq!(found(&plain(), include_str!("../fixtures/actions/todo.absent.json")), None);
    assert_eq!(found(&plain(), include_str!("../fixtures/actions/report.found.json")), Some(note));
    assert_eq!(found(&plain(), include_str!("../fixtures/actions/report.absent.json")), None);
    assert_eq!(
        found(&plain(), include_str!("../fixtures/actions/report.upload.found.json")).as_deref(),
        Some("cjrrr55b39")
    );
    assert_eq!(found(&plain(), include_str!("../fixtures/actions/report.upload.absent.json")), None);
    assert_eq!(
        found(&plain(), include_str!("../fixtures/actions/report.attach.found.json")).as_deref(),
        Some("5543210000000399201")
    );
    assert_eq!(found(&plain(), include_str!("../fixtures/actions/report.attach.absent.json")), None);
    assert_eq!(found(&anyone(), include_str!("../fixtures/actions/report.link.found.json")).as_deref(), Some("lnk1"));
    assert_eq!(found(&anyone(), include_str!("../fixtures/actions/report.link.absent.json")), None);
    assert_eq!(
        found(&anyone(), include_str!("../fixtures/actions/report.folder.found.json")).as_deref(),
        Some("o5cfk07")
    );
    assert_eq!(found(&anyone(), include_str!("../fixtures/actions/report.folder.absent.json")), None);
}

#[test]
fn a_lost_upload_is_looked_for_in_the_folder_that_it_was_sent_to_whatever_the_settings_say_now() {
    let moved = ctx(&json!({ "workdrive_folder": "elders99", "workdrive_subfolder": "Nieuw" }));
    let upload = include_str!("../fixtures/actions/report.upload.found.json");
    assert_eq!(find(&moved, upload).as_deref(), Some("cjrrr55b39"));
    assert_eq!(find(&moved, include_str!("../fixtures/actions/report.upload.absent.json")), None);
    assert_eq!(find(&moved, include_str!("../fixtures/actions/report.link.found.json")).as_deref(), Some("lnk1"));
    let moved = ctx(&json!({ "workdrive_folder": "elders99" }));
    let resumed = push(&moved, include_str!("../fixtures/actions/report.resumed.json"));
    assert!(matches!(resumed, Outcome::Created(_)), "what was found is not uploaded again to the other folder");
}

#[test]
fn a_report_goes_on_in_the_folder_in_which_its_file_is_whatever_the_settings_say_now() {
    let fixture = include_str!("../fixtures/actions/report.json");
    let _host = TestHost::answering(fixture).in_order();
    let begun =
        Item { ext: vec![("answered".to_owned(), "upload-1-in-g4xh1".to_owned())], attempt: 2, ..item(fixture) };
    let moved = ctx(&json!({ "workdrive_folder": "elders99" }));
    assert!(matches!(ZohoCrm::push(&moved, &begun).unwrap(), Outcome::Created(_)), "and not once more in the other");
}

#[test]
fn a_file_of_which_nobody_knows_where_it_went_is_never_said_to_be_absent() {
    let _host = TestHost::empty();
    let item = item(include_str!("../fixtures/actions/report.upload.found.json"));
    for step in ["upload-1", "link-1", "upload-1-in-", "upload-x-in-g4xh1", "upload-1-in-a/../b", "link-9-of-cjr2"] {
        let error = ZohoCrm::find(&plain(), &item, step, SENT_MS).unwrap_err();
        assert_eq!(error.case(), Case::Other, "{step}");
        assert!(error.to_string().contains("cannot look"), "{error}");
    }
    assert_eq!(ZohoCrm::find(&plain(), &item, "other", SENT_MS).unwrap_err().case(), Case::Unsupported);
}

#[test]
fn folders_of_workdrive_are_picked_root_first() {
    let pick = |fixture: &str, query: &str| {
        let _host = TestHost::answering(fixture).in_order();
        let call = called(fixture);
        let parents = call["parents"].as_object().cloned().unwrap_or_default();
        let parents = parents.into_iter().map(|(name, id)| (name, id.as_str().unwrap().to_owned())).collect();
        let picker = call["picker"].as_str().unwrap().to_owned();
        let request = PickRequest { picker, query: query.to_owned(), parents, cursor: None };
        let choices = ZohoCrm::pick(&plain(), &request).unwrap().items;
        choices.into_iter().map(|choice| (choice.id, choice.label)).collect::<Vec<_>>()
    };
    let choice = |id: &str, label: &str| (id.to_owned(), label.to_owned());
    let roots = pick(include_str!("../fixtures/pickers/workdrive-roots.json"), "");
    assert_eq!(
        roots,
        [choice("g4xh1", "Verslagen"), choice("priv8", "My Folders")],
        "a folder of others is not offered"
    );
    assert_eq!(pick(include_str!("../fixtures/pickers/workdrive-roots.personal.json"), "my").len(), 1);
    let folders = pick(include_str!("../fixtures/pickers/workdrive-folders.json"), "clari");
    assert_eq!(folders, [choice("o5cfk07", "Claritalk 2026")]);
    let _host = TestHost::empty();
    let alone = PickRequest { picker: "workdrive-folders".to_owned(), ..PickRequest::default() };
    assert_eq!(ZohoCrm::pick(&plain(), &alone).unwrap_err().case(), Case::Other);
    let unknown = PickRequest { picker: "events".to_owned(), ..PickRequest::default() };
    assert_eq!(ZohoCrm::pick(&plain(), &unknown).unwrap_err().case(), Case::Unsupported);
}

#[test]
fn an_event_that_is_gone_is_said_before_anything_is_uploaded() {
    let url = format!("{CRM}/Events?ids={EVENT}&fields=Event_Title,What_Id,Who_Id");
    let _host = TestHost::answering(&json!([exchange("GET", &url, json!({ "status": 204 }))]).to_string());
    let error = ZohoCrm::push(&plain(), &item(include_str!("../fixtures/actions/report.json"))).unwrap_err();
    assert_eq!(error.case(), Case::NotFound);
}

#[test]
fn a_row_that_is_an_error_is_one_whatever_the_status_says() {
    let row = |status: u16, code: &str, details: Value| {
        let row = json!({ "code": code, "details": details, "message": "x", "status": "error" });
        refused(json!({ "status": status, "body": { "data": [row] } }))
    };
    for (status, code, details, case) in [
        (207, "MANDATORY_NOT_FOUND", json!({ "api_name": "Note_Content" }), Case::InvalidInput),
        (202, "INVALID_DATA", json!({ "api_name": "Parent_Id" }), Case::InvalidInput),
        (202, "INVALID_DATA", json!({}), Case::NotFound),
        (200, "RECORD_LOCKED", json!({}), Case::Conflict),
        (202, "NOT_APPROVED", json!({}), Case::Conflict),
        (202, "RECORD_IN_BLUEPRINT", json!({}), Case::Conflict),
        (202, "NO_PERMISSION", json!({}), Case::PermissionDenied),
    ] {
        let (error, refused) = row(status, code, details);
        assert_eq!((error.case(), refused.as_slice()), (case, ["note".to_owned()].as_slice()), "{code}");
    }
}

#[test]
fn what_zoho_has_already_is_taken_for_written() {
    let answer = json!({ "status": 202, "body": { "data": [
        { "code": "DUPLICATE_DATA", "details": { "id": "77" }, "message": "x", "status": "error" },
    ] } });
    let request =
        json!({ "method": "POST", "url": format!("{CRM}/Events/{EVENT}/Notes"), "effect": "write", "step": "note" });
    let _host = TestHost::answering(&json!([{ "request": request, "answer": answer }]).to_string());
    let Outcome::Exists(object) =
        ZohoCrm::push(&plain(), &item(include_str!("../fixtures/actions/note.json"))).unwrap()
    else {
        panic!("exists")
    };
    assert_eq!(object.id, "77");
}

#[test]
fn statuses_and_codes_of_the_crm_mean_what_the_sheet_says() {
    let fields = "Event_Title,Start_DateTime,End_DateTime,All_day,Venue,Description,Participants,Who_Id,What_Id,\
                  Recurring_Activity,Owner,Created_Time,Modified_Time";
    let url = format!("{CRM}/Events?fields={fields}&per_page=200&sort_by=Modified_Time&sort_order=asc&page=1");
    for (status, code, case, wait) in [
        (401, "INVALID_TOKEN", Case::AuthRequired, None),
        (401, "INVALID_OAUTHTOKEN", Case::AuthRequired, None),
        (401, "AUTHENTICATION_FAILURE", Case::AuthRequired, None),
        (401, "OAUTH_SCOPE_MISMATCH", Case::PermissionDenied, None),
        (403, "NO_PERMISSION", Case::PermissionDenied, None),
        (400, "INVALID_MODULE", Case::NotFound, None),
        (400, "INVALID_QUERY", Case::Other, None),
        (400, "SYNTAX_ERROR", Case::Other, None),
        (400, "LIMIT_EXCEEDED", Case::Other, None),
        (404, "INVALID_URL_PATTERN", Case::Other, None),
        (405, "INVALID_REQUEST_METHOD", Case::Other, None),
        (429, "TOO_MANY_REQUESTS", Case::RateLimited, None),
        (429, "API_LIMIT_EXCEEDED", Case::RateLimited, Some(3_600_000)),
        (500, "INTERNAL_ERROR", Case::Transient, None),
        (503, "INTERNAL_ERROR", Case::Transient, None),
    ] {
        let body = json!({ "code": code, "details": {}, "message": "x", "status": "error" });
        let answer = json!({ "status": status, "body": body });
        let _host = TestHost::answering(&json!([exchange("GET", &url, answer)]).to_string());
        let error = ZohoCrm::read(&plain(), &ReadRequest::of("events")).unwrap_err();
        assert_eq!((error.case(), error.wait_ms()), (case, wait), "{status} {code}");
    }
    for (answer, case) in [
        (
            json!({ "status": 200, "headers": { "content-type": "text/html" }, "text": "<html>Sign in</html>" }),
            Case::InvalidResponse,
        ),
        (json!({ "status": 401 }), Case::AuthRequired),
        (json!({ "status": 403 }), Case::PermissionDenied),
        (json!({ "status": 404 }), Case::NotFound),
        (json!({ "status": 429, "headers": { "retry-after": "7" } }), Case::RateLimited),
    ] {
        let _host = TestHost::answering(&json!([exchange("GET", &url, answer.clone())]).to_string());
        assert_eq!(ZohoCrm::read(&plain(), &ReadRequest::of("events")).unwrap_err().case(), case, "{answer}");
    }
}

#[test]
fn statuses_of_workdrive_mean_what_the_sheet_says() {
    let url = format!("{DRIVE}/files/g4xh1/files?page[limit]=200&page[next]=0");
    let request = PickRequest {
        picker: "workdrive-folders".to_owned(),
        parents: vec![("workdrive-roots".to_owned(), "g4xh1".to_owned())],
        ..PickRequest::default()
    };
    for (status, id, headers, case) in [
        (401, "F7003", json!({ "www-authenticate": "Bearer error=\"expired_token\"" }), Case::AuthRequired),
        (401, "F7003", json!({}), Case::PermissionDenied),
        (401, "R008", json!({}), Case::NotFound),
        (402, "F1", json!({}), Case::PermissionDenied),
        (404, "F6016", json!({}), Case::NotFound),
        (405, "", json!({}), Case::Other),
        (415, "", json!({}), Case::Other),
        (422, "F6004", json!({}), Case::Other),
        (429, "F7008", json!({ "retry-after": "119" }), Case::RateLimited),
        (500, "F000", json!({}), Case::Other),
        (502, "", json!({}), Case::Transient),
    ] {
        let body = json!({ "errors": if id.is_empty() { json!([]) } else { json!([{ "id": id, "title": "x" }]) } });
        let answer = json!({ "status": status, "headers": headers, "body": body });
        let _host = TestHost::answering(&json!([exchange("GET", &url, answer)]).to_string());
        let error = ZohoCrm::pick(&plain(), &request).unwrap_err();
        assert_eq!(error.case(), case, "{status} {id}");
        assert_eq!(error.wait_ms(), (status == 429).then_some(119_000));
    }
}

#[test]
fn an_upload_that_is_wrong_is_not_sent_again_though_it_looks_like_an_outage() {
    let mut fixture: Value = serde_json::from_str(include_str!("../fixtures/actions/report.json")).unwrap();
    let exchanges = fixture["exchanges"].as_array_mut().unwrap();
    exchanges.truncate(2);
    for (status, id, case) in [
        (500, "F000", Case::InvalidInput),
        (500, "", Case::OutcomeUnknown),
        (422, "F6004", Case::InvalidInput),
        (401, "R008", Case::NotFound),
    ] {
        let body = json!({ "errors": if id.is_empty() { json!([]) } else { json!([{ "id": id, "title": "x" }]) } });
        exchanges[1]["answer"] = json!({ "status": status, "body": body });
        let host = TestHost::answering(&json!(exchanges).to_string());
        let error = ZohoCrm::push(&plain(), &item(include_str!("../fixtures/actions/report.json"))).unwrap_err();
        assert_eq!(error.case(), case, "{status} {id}");
        assert_eq!(host.refused_steps().len(), usize::from(id == "F000"), "{status} {id}");
    }
}

#[test]
fn what_cannot_be_written_is_refused_before_anything_is_sent() {
    let _host = TestHost::empty();
    let sent = |action: &str, target: Value, payload: Value| {
        let item = Item {
            action: action.to_owned(),
            target: target.to_string().into_bytes(),
            payload: payload.to_string().into_bytes(),
            ..Item::default()
        };
        ZohoCrm::push(&plain(), &item).unwrap_err().case()
    };
    for id in ["", "..", "12/3", "x", "1 2"] {
        assert_eq!(sent("note", json!({ "id": id }), json!({ "text": "x" })), Case::InvalidInput, "{id}");
    }
    assert_eq!(sent("note", json!({ "id": EVENT }), json!({ "text": "x".repeat(32_000) })), Case::InvalidInput);
    assert_eq!(sent("report", json!({ "id": EVENT }), json!({ "title": "Leeg" })), Case::InvalidInput);
    assert_eq!(sent("call", json!({ "id": EVENT }), json!({})), Case::Unsupported);
    let folder = ctx(&json!({ "workdrive_folder": "https://workdrive.zoho.eu/" }));
    let url = format!("{CRM}/Events?ids={EVENT}&fields=Event_Title,What_Id,Who_Id");
    drop(_host);
    let answer = json!({ "body": { "data": [{ "id": EVENT }], "info": {} } });
    let _host = TestHost::answering(&json!([exchange("GET", &url, answer)]).to_string());
    let error = ZohoCrm::push(&folder, &item(include_str!("../fixtures/actions/report.json"))).unwrap_err();
    assert_eq!(error.case(), Case::InvalidConfig);
}

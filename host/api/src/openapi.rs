//! The contract of the API: made from the handlers, checked in as `openapi.json`, served as it is
//! checked in. `cargo xtask generate --check` fails when the two differ.

use std::sync::LazyLock;

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::get,
};
use patchbay_app::SessionKind;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Ref, RefOr, Schema,
        schema::ArrayItems,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    Api, cookie,
    problem::{FieldProblem, ProblemBody},
    router, web,
};

/// The head of the document; the paths come from the router.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Patchbay",
        version = "1",
        description = "Connect business accounts at providers, keep their data up to date, and write to them \
                       without doubling anything.\n\nSend `Authorization: Bearer pbt_…` (a tenant's key). An \
                       operator's key (`pbo_…`) reaches tenant resources with the header \
                       `Patchbay-Tenant: ten_…`. A page of this host in a browser that is signed in sends \
                       `Patchbay-Session: operator` or `Patchbay-Session: portal` instead of a key: then its cookie \
                       counts. Lists are paged: pass `next` back as `after`. \
                       Every member of an answer is always there; where there is nothing, it is null. Failures are \
                       `application/problem+json`; branch on `code`, each of which has a page under `/errors`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ProblemBody, FieldProblem)),
    modifiers(&Keys),
    tags(
        (name = "sessions", description = "Browsers that are signed in: operators', and those of tenants' users."),
        (name = "tenants", description = "Operators: customers and their keys."),
        (name = "connectors", description = "Operators: what is installed, and what it may do."),
        (name = "catalog", description = "What can be connected."),
        (name = "connections", description = "Authorised business accounts."),
        (name = "syncs", description = "Keeping data up to date: syncs and their runs."),
        (name = "records", description = "What was read: records as they are, and the feed of changes."),
        (name = "webhooks", description = "Being told what happens: endpoints, what they were told, and events."),
        (name = "blobs", description = "Files that items carry: uploaded once, named by their ids."),
        (name = "pushes", description = "Writing to providers, once."),
        (name = "audit", description = "Who did what."),
        (name = "host", description = "The host itself."),
    )
)]
pub(crate) struct Document;

struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        for (name, text) in [
            ("tenant", "A tenant's key, `pbt_…`; or an operator's with the header `Patchbay-Tenant`."),
            ("operator", "An operator's key, `pbo_…`."),
        ] {
            let mut scheme = Http::new(HttpAuthScheme::Bearer);
            scheme.description = Some(text.to_owned());
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
        for (name, kind, text) in [
            (
                "portal",
                SessionKind::Portal,
                "The browser of a tenant's user who is signed in to the portal, with the header `Patchbay-Session: portal`.",
            ),
            (
                "operatorSession",
                SessionKind::Operator,
                "An operator's browser that is signed in, with the header `Patchbay-Session: operator`. It reaches tenant \
                 resources with the header `Patchbay-Tenant`.",
            ),
        ] {
            let cookie = ApiKeyValue::with_description(cookie::name(kind), text);
            components.add_security_scheme(name, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        }
    }
}

/// The document, as it is checked in: pretty JSON with a newline at its end.
#[must_use]
pub fn document() -> String {
    let (_, mut document) = router::documented().split_for_parts();
    complete(&mut document);
    document.to_pretty_json().map(|json| json + "\n").unwrap_or_default()
}

/// Says what the derived schemas leave out: that every member of an answer is there, and what the items
/// of a list are called.
fn complete(document: &mut utoipa::openapi::OpenApi) {
    for path in document.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.put, &mut path.post, &mut path.patch, &mut path.delete];
        for security in operations.into_iter().flatten().filter_map(|operation| operation.security.as_mut()) {
            *security = security.iter().flat_map(opened_by).collect();
        }
    }
    let Some(components) = &mut document.components else { return };
    for (name, schema) in &mut components.schemas {
        if let (Some(item), RefOr::T(Schema::Object(list))) = (name.strip_prefix("List_"), &mut *schema)
            && let Some(RefOr::T(Schema::Array(items))) = list.properties.get_mut("items")
        {
            items.items = ArrayItems::RefOrSchema(Box::new(Ref::from_schema_name(item).into()));
        }
        all_there(schema);
    }
}

/// What opens an operation, beside the key that it names: an operator's browser may do what an operator's key may, and
/// a portal what a tenant's key may, unless the operation is for `backend`s.
fn opened_by(key: &SecurityRequirement) -> Vec<SecurityRequirement> {
    let named = serde_json::to_value(key).unwrap_or_default();
    let is = |name: &str| named.get(name).is_some();
    let one = |name: &str| SecurityRequirement::new::<_, [&str; 0], &str>(name, []);
    if is("operator") {
        vec![one("operator"), one("operatorSession")]
    } else if is("tenant") {
        vec![one("tenant"), one("portal")]
    } else if is("backend") {
        vec![one("tenant")]
    } else {
        vec![key.clone()]
    }
}

fn all_there(schema: &mut RefOr<Schema>) {
    match schema {
        // Only requests refuse unknown members, and only they may leave some out.
        RefOr::T(Schema::Object(object)) if object.additional_properties.is_none() => {
            object.required = object.properties.keys().cloned().collect();
        }
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter_mut().for_each(all_there),
        _ => {}
    }
}

/// `/openapi.json` and `/docs`.
pub(crate) fn pages() -> Router<Api> {
    let documentation = Router::from(SwaggerUi::new("/docs").config(Config::new(["/openapi.json"])));
    Router::new().route("/openapi.json", get(served)).merge(documentation.layer(map_response(policed)))
}

/// It stands beside the web app, whose cookies its scripts could use.
async fn policed(mut response: Response) -> Response {
    let policy = HeaderValue::from_static(web::DOCUMENTATION);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

async fn served() -> Response {
    static DOCUMENT: LazyLock<String> = LazyLock::new(document);
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// Operations that need no key. This list only shrinks.
    const PUBLIC: &[&str] = &["getErrorPage", "live", "ready", "signInOperator", "enterPortal"];

    fn parsed() -> Value {
        serde_json::from_str(&document()).expect("a document")
    }

    /// Path, method and operation.
    fn operations(document: &Value) -> Vec<(String, String, Value)> {
        let paths = document["paths"].as_object().expect("paths");
        let of = |(path, item): (&String, &Value)| {
            let methods = item.as_object().expect("a path item").clone();
            methods.into_iter().map(|(method, operation)| (path.clone(), method, operation)).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of).collect()
    }

    #[test]
    fn every_operation_says_what_a_client_author_needs() {
        let document = parsed();
        let mut ids = BTreeSet::new();
        let all = operations(&document);
        assert!(all.len() >= 88, "{} operations", all.len());
        for (path, method, operation) in all {
            let at = format!("{method} {path}");
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            assert!(!id.is_empty() && ids.insert(id.clone()), "{at}: operation id {id:?}");
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{at}: tags");
            let text = operation["summary"].as_str().unwrap_or_default();
            assert!(text.len() > 3 && text.ends_with('.'), "{at}: summary {text:?}");
            let responses = operation["responses"].as_object().expect("responses");
            assert!(responses.keys().any(|status| status.starts_with('2')), "{at}: no success");
            for status in ["4XX", "5XX"] {
                let schema = &responses[status]["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/ProblemBody", "{at}: {status}");
            }
        }
    }

    #[test]
    fn every_operation_asks_for_a_key_or_is_on_the_short_list() {
        let document = parsed();
        for (path, method, operation) in operations(&document) {
            let keys: Vec<&String> = operation["security"]
                .as_array()
                .into_iter()
                .flatten()
                .flat_map(|one| one.as_object().into_iter().flat_map(|named| named.keys()))
                .collect();
            let public = PUBLIC.iter().any(|id| operation["operationId"] == **id);
            assert_eq!(keys.is_empty(), public, "{method} {path}: {keys:?}");
            assert!(public || path.starts_with("/v1/"), "{path}");
        }
    }

    #[test]
    fn a_tenant_s_key_opens_no_registration_no_grant_no_key_and_not_the_whole_audit_log() {
        let document = parsed();
        let all = operations(&document);
        let keys = |id: &str| {
            let (.., operation) = all.iter().find(|(.., operation)| operation["operationId"] == id).expect(id);
            let named = operation["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
            named.flat_map(|one| one.keys().cloned()).collect::<BTreeSet<_>>()
        };
        for id in [
            "putOauthClient",
            "getOauthClient",
            "deleteOauthClient",
            "listOauthClients",
            "getGrant",
            "putGrant",
            "getConnectorConfig",
            "putConnectorConfig",
            "deleteConnectorConfig",
            "rotateKeys",
            "getKeyRotation",
            "verifyAudit",
            "getNode",
            "listCircuitBreakers",
            "closeCircuitBreaker",
        ] {
            assert_eq!(keys(id), BTreeSet::from(["operator".to_owned(), "operatorSession".to_owned()]), "{id}");
        }
        for id in [
            "createConnectSession",
            "getConnectSession",
            "completeConnectSession",
            "createConnection",
            "importConnection",
            "identifyConnection",
            "discoverStreams",
            "listStreams",
            "deleteConnection",
            "createReturnAddress",
            "listReturnAddresses",
            "deleteReturnAddress",
            "listAudit",
            "backfillSync",
            "approveDeletions",
            "exportRecords",
            "watchProgress",
            "createPush",
            "createPushes",
            "rehearsePush",
            "sendPush",
            "withdrawPush",
            "resolvePush",
            "pushMeeting",
            "createWebhook",
            "rotateWebhookSecret",
            "listEvents",
        ] {
            assert!(keys(id).contains("tenant"), "{id}");
        }
    }

    #[test]
    fn every_parameter_and_every_field_is_explained() {
        let document = parsed();
        for (path, method, operation) in operations(&document) {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{method} {path}: {}", parameter["name"]);
            }
        }
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        for (name, schema) in schemas {
            assert!(name.starts_with("List_") || described(schema), "{name}");
            for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
                assert!(described(schema), "{name}.{field}");
            }
        }
    }

    fn described(schema: &Value) -> bool {
        let parts = ["allOf", "oneOf"].into_iter().filter_map(|kind| schema[kind].as_array()).flatten();
        schema["description"].is_string() || parts.into_iter().any(|part| part["description"].is_string())
    }

    #[test]
    fn a_client_knows_which_members_are_always_there() {
        let schemas = parsed()["components"]["schemas"].take();
        let required = |schema: &Value| schema["required"].as_array().map(Vec::len).unwrap_or_default();
        let answer = &schemas["Sync"];
        assert_eq!(required(answer), answer["properties"].as_object().map(serde_json::Map::len).unwrap_or_default());
        assert_eq!(required(&schemas["Item"]), 2, "action and payload of a push have to be sent");
        assert_eq!(required(&schemas["SendWanted"]), 0, "a push may be sent with an empty object");
        assert_eq!(schemas["List_Sync"]["properties"]["items"]["items"]["$ref"], "#/components/schemas/Sync");
    }

    #[test]
    fn what_is_shown_as_an_item_a_batch_a_meeting_or_a_decision_is_taken_as_it_is() {
        use crate::{
            routes::{
                meetings::create::Meeting,
                pushes::{batch::BatchWanted, resolve::ResolutionWanted, send::SendWanted},
            },
            wire::Item,
        };
        let schemas = parsed()["components"]["schemas"].take();
        let example = |name: &str| schemas[name]["example"].clone();
        serde_json::from_value::<Item>(example("Item")).map(|_| ()).expect("an item");
        serde_json::from_value::<BatchWanted>(example("BatchWanted")).map(|_| ()).expect("a batch");
        serde_json::from_value::<Meeting>(example("Meeting")).map(|_| ()).expect("a meeting");
        serde_json::from_value::<SendWanted>(example("SendWanted")).map(|_| ()).expect("what was missing");
        serde_json::from_value::<ResolutionWanted>(example("ResolutionWanted")).map(|_| ()).expect("a decision");
        serde_json::from_value::<SendWanted>(serde_json::json!({})).map(|_| ()).expect("nothing was missing");
    }

    /// Schemas are known by their names alone: of two types with one name, a client is told the wrong one.
    #[test]
    fn what_is_sent_refuses_unknown_members_and_what_is_answered_does_not() {
        let document = parsed();
        let closed = |content: &Value| {
            let name = content["application/json"]["schema"]["$ref"].as_str()?;
            let schema = document.pointer(name.trim_start_matches('#'))?;
            Some((name.to_owned(), schema["additionalProperties"] == false))
        };
        for (path, method, operation) in operations(&document) {
            if let Some((name, closed)) = closed(&operation["requestBody"]["content"]) {
                assert!(closed, "{method} {path} takes {name}");
            }
            for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
                // A grant is put as it is got.
                if let Some((name, closed)) = closed(&answer["content"])
                    && name != "#/components/schemas/Grant"
                {
                    assert!(!closed, "{method} {path} answers {status} with {name}");
                }
            }
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn references(value: &Value, found: &mut BTreeSet<String>) {
            match value {
                Value::Object(members) => {
                    for (name, member) in members {
                        match member {
                            Value::String(target) if name == "$ref" => {
                                found.insert(target.clone());
                            }
                            other => references(other, found),
                        }
                    }
                }
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                _ => {}
            }
        }
        let document = parsed();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        for target in found {
            assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target}");
        }
    }

    #[test]
    fn no_schema_answers_a_secret_but_one_that_was_just_made() {
        let document = parsed();
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        let asked =
            ["Registration", "NewKey", "IssuedWebhook", "Completion", "ImportWanted", "OperatorSignIn", "PortalEntry"];
        for (name, schema) in schemas.iter().filter(|(name, _)| !asked.contains(&name.as_str())) {
            for field in schema["properties"].as_object().into_iter().flatten().map(|(field, _)| field) {
                let suspicious = [
                    "client_secret",
                    "secret",
                    "sealed",
                    "secrets",
                    "region_secrets",
                    "token",
                    "password",
                    "credential_value",
                    "verifier",
                    "cookie",
                ];
                assert!(!suspicious.contains(&field.as_str()), "{name}.{field}");
            }
        }
    }
}

//! Every kind of login as a connector of its own: the guest that reports everything it sees, with a manifest
//! for the fake of all logins. A test over all kinds is a loop over [`kinds`].

use patchbay_test_support::fakes::logins::{Behaviour, Logins, Proof, Renewal, ScopesAs};
use serde_json::{Value, json};

/// One kind of login.
pub struct Kind {
    /// The connector is `patchbay.NAME`; its `[[auth]]` has the id `login`.
    pub name: &'static str,
    /// `[[auth]]`, `[[host]]`, `[config]`.
    pub tables: String,
    /// How the fake has to behave for it.
    pub behaviour: Behaviour,
    /// How a person or machine logs in.
    pub enter: Enter,
    /// What must never be seen besides the tokens that the fake gives ([`Logins::values`]).
    pub secrets: Vec<String>,
    /// A customer's own origin that it needs: to be rewritten and granted.
    pub customer: Option<&'static str>,
}

/// How one logs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enter {
    /// With these fields.
    Fields(Value),
    /// On the provider's consent page, in this region (none when empty), after these fields.
    Consent {
        /// What is entered before.
        fields: Value,
        /// What is chosen on the consent page.
        region: &'static str,
    },
}

/// All kinds, with the credentials of the fake's account `one`.
#[must_use]
pub fn kinds(logins: &Logins) -> Vec<Kind> {
    let known = logins.credentials("one");
    let client = logins.client().secret;
    let key = json!({ "api_key": known.api_key });
    let person = json!({ "user": known.user, "password": known.password });
    let seated = json!({ "user": known.user, "password": known.password, "database": known.database });
    let machine = json!({ "client_id": known.client.id, "client_secret": known.client.secret });
    let plain = Behaviour::default;
    let consent = |region| Enter::Consent { fields: json!({}), region };
    let kind = |name, tables: String, behaviour, enter, secrets: &[&String]| {
        let secrets = secrets.iter().map(|secret| (*secret).clone()).collect();
        Kind { name, tables, behaviour, enter, secrets, customer: None }
    };
    let fields = |value: &Value| Enter::Fields(value.clone());
    let (api_key, password) = (&known.api_key, &known.password);
    vec![
        kind("key-header", simple(KEY, KEY_HEADER, "key-header"), plain(), fields(&key), &[api_key]),
        kind("key-query", simple(KEY, KEY_QUERY, "key-query"), plain(), fields(&key), &[api_key]),
        kind("basic", simple(PERSON, BASIC, "basic"), plain(), fields(&person), &[password]),
        kind(
            "pair",
            simple(&format!("{KEY}{KEY_SECRET}"), PAIR, "pair"),
            plain(),
            Enter::Fields(json!({ "api_key": known.api_key, "api_secret": known.api_secret })),
            &[api_key, &known.api_secret],
        ),
        kind("json-body", rpc_body(), plain(), fields(&seated), &[password]),
        kind("session", session(SESSION_LOGIN), plain(), fields(&seated), &[password]),
        kind("session-rpc", session(RPC_LOGIN), plain(), fields(&seated), &[password]),
        kind(
            "machine",
            oauth("oauth2-client-credentials", &format!("{CLIENT_FIELDS}{TOKEN_BASIC}"), BEARER, "bearer", HOST),
            Behaviour { proof: Proof::Basic, ..plain() },
            fields(&machine),
            &[&known.client.secret],
        ),
        kind(
            "machine-operator",
            oauth("oauth2-client-credentials", TOKEN_BODY, BEARER, "bearer", HOST),
            Behaviour { proof: Proof::Body, ..plain() },
            Enter::Fields(json!({})),
            &[&client],
        ),
        kind(
            "code-basic",
            oauth("oauth2", &format!("{AUTHORIZE}{TOKEN_BASIC}{REVOKE}"), BEARER, "bearer", HOST),
            Behaviour { proof: Proof::Basic, ..plain() },
            consent(""),
            &[&client],
        ),
        kind(
            "code-odd",
            oauth("oauth2", &format!("{AUTHORIZE}{TOKEN_BODY}{NESTED}"), BEARER, "bearer", HOST),
            Behaviour {
                proof: Proof::Body,
                nested: true,
                says_life: false,
                errors_in_200: true,
                scopes: ScopesAs::Array,
                ..plain()
            },
            consent(""),
            &[&client],
        ),
        kind(
            "code-fixed",
            oauth("oauth2", &format!("{AUTHORIZE}{TOKEN_BODY}"), BEARER, "bearer", HOST)
                .replace("rotation = true\n", ""),
            Behaviour { renewal: Renewal::Fixed, scopes: ScopesAs::Commas, ..plain() },
            consent(""),
            &[&client],
        ),
        kind(
            "code-exchanged",
            oauth("oauth2", &format!("{AUTHORIZE}{TOKEN_BODY}{EXCHANGE}"), BEARER, "bearer", HOST)
                .replace("rotation = true\n", ""),
            Behaviour { renewal: Renewal::None, scopes: ScopesAs::Nothing, ..plain() },
            consent(""),
            &[&client],
        ),
        kind(
            "code-signed",
            oauth("oauth2", &format!("{AUTHORIZE}{TOKEN_BODY}"), SIGNED, "signed", HOST),
            plain(),
            consent(""),
            &[&client],
        ),
        kind("region-callback", region_by_callback(), plain(), consent("eu"), &[&client]),
        kind(
            "region-field",
            region_by_field(),
            plain(),
            Enter::Fields(json!({ "api_key": known.api_key, "place": "us" })),
            &[api_key],
        ),
        Kind {
            customer: Some("https://odoo.kantoor.example"),
            ..kind(
                "customer",
                customer(),
                plain(),
                Enter::Fields(json!({
                    "address": "https://odoo.kantoor.example", "user": known.user, "password": known.password,
                })),
                &[password],
            )
        },
    ]
}

/// The certified OpenID provider (`tests/oidc`): code with PKCE, Basic, rotation with families, `iss`.
#[must_use]
pub fn oidc_kind() -> String {
    format!(
        "[[auth]]\nid = \"login\"\nkind = \"oauth2\"\nlabel = \"Log in\"\nrotation = true\n\
         issuer = \"https://oidc.example\"\n\
         [auth.authorize]\nurl = \"https://oidc.example/auth\"\n\
         [auth.token]\nurl = \"https://oidc.example/token\"\nclient-auth = \"basic\"\n\
         [auth.revoke]\nurl = \"https://oidc.example/token/revocation\"\nclient-auth = \"basic\"\n\
         [auth.revoke.params]\ntoken = \"{{refresh_token}}\"\n\
         [[auth.scope]]\nname = \"records:read\"\nreason = \"To read records.\"\n{BEARER}\n{}",
        reach("https://oidc.example", "https://oidc.example/api/me", "/api/", "bearer")
    )
}

/// The same provider with `client_credentials`; the operator registers the machine client.
#[must_use]
pub fn oidc_machine_kind() -> String {
    format!(
        "[[auth]]\nid = \"login\"\nkind = \"oauth2-client-credentials\"\nlabel = \"By itself\"\n\
         [auth.token]\nurl = \"https://oidc.example/token\"\nclient-auth = \"basic\"\n\
         [[auth.scope]]\nname = \"records:read\"\nreason = \"To read records.\"\n{BEARER}\n{}",
        reach("https://oidc.example", "https://oidc.example/api/me", "/api/", "bearer")
    )
}

const HOST: &str = "https://logins.example";
const KEY: &str = "[[auth.field]]\nid = \"api_key\"\nlabel = \"Key\"\ntype = \"secret\"\n";
const KEY_SECRET: &str = "[[auth.field]]\nid = \"api_secret\"\nlabel = \"Secret\"\ntype = \"secret\"\n";
const PERSON: &str = "[[auth.field]]\nid = \"user\"\nlabel = \"User\"\ntype = \"text\"\n\
    [[auth.field]]\nid = \"password\"\nlabel = \"Password\"\ntype = \"secret\"\n";
const DATABASE: &str = "[[auth.field]]\nid = \"database\"\nlabel = \"Database\"\ntype = \"text\"\n";
const CLIENT_FIELDS: &str = "[[auth.field]]\nid = \"client_id\"\nlabel = \"Client\"\ntype = \"text\"\n\
    [[auth.field]]\nid = \"client_secret\"\nlabel = \"Secret\"\ntype = \"secret\"\n";

const KEY_HEADER: &str =
    "[[auth.slot]]\nid = \"key\"\nstandard = true\nplace = \"header\"\nname = \"X-Api-Key\"\nvalue = \"{api_key}\"\n";
const KEY_QUERY: &str =
    "[[auth.slot]]\nid = \"key\"\nstandard = true\nplace = \"query\"\nname = \"api_key\"\nvalue = \"{api_key}\"\n";
const BASIC: &str = "[[auth.slot]]\nid = \"key\"\nstandard = true\nplace = \"basic\"\nvalue = \"{user}:{password}\"\n";
const PAIR: &str = "[[auth.slot]]\nid = \"key\"\nstandard = true\nplace = \"header\"\nname = \"X-Api-Key\"\n\
    value = \"{api_key}\"\nwith = [\"secret\"]\n\
    [[auth.slot]]\nid = \"secret\"\nplace = \"header\"\nname = \"X-Api-Secret\"\nvalue = \"{api_secret}\"\n";
const SESSION: &str = "[[auth.slot]]\nid = \"key\"\nstandard = true\nplace = \"header\"\nname = \"X-Session\"\n\
    value = \"{access_token}\"\n";
const BEARER: &str = "[[auth.slot]]\nid = \"bearer\"\nstandard = true\nplace = \"header\"\nname = \"Authorization\"\n\
    value = \"Bearer {access_token}\"\n";
const SIGNED: &str = "[[auth.slot]]\nid = \"bearer\"\nstandard = true\nplace = \"header\"\nname = \"Authorization\"\n\
    value = \"Bearer {access_token}\"\nwith = [\"proof\"]\n\
    [[auth.slot]]\nid = \"proof\"\nplace = \"signed\"\nname = \"X-Proof\"\nvalue = \"{access_token}\"\n\
    signature = { key = \"{client_secret}\", into = \"header\", encoding = \"hex\" }\n";

const SESSION_LOGIN: &str = "[auth.login]\nurl = \"https://logins.example/session\"\nplace = \"json\"\n\
    [auth.login.params]\nuser = \"{user}\"\npassword = \"{password}\"\ndatabase = \"{database}\"\n\
    [auth.answer]\naccess-token = \"/token\"\nexpires-in = \"/expires_in\"\n";
const RPC_LOGIN: &str = "[auth.login]\nurl = \"https://logins.example/jsonrpc\"\nplace = \"json\"\n\
    [auth.login.params]\njsonrpc = \"2.0\"\nmethod = \"call\"\n\"/params/service\" = \"common\"\n\
    \"/params/method\" = \"login\"\n\"/params/args/0\" = \"{database}\"\n\"/params/args/1\" = \"{user}\"\n\
    \"/params/args/2\" = \"{password}\"\n\
    [auth.answer]\naccess-token = \"/result/session/token\"\nexpires-in = \"/result/session/life\"\n";
const AUTHORIZE: &str = "[auth.authorize]\nurl = \"https://logins.example/oauth/authorize\"\n";
const TOKEN_BASIC: &str = "[auth.token]\nurl = \"https://logins.example/oauth/token\"\nclient-auth = \"basic\"\n";
const TOKEN_BODY: &str = "[auth.token]\nurl = \"https://logins.example/oauth/token\"\n";
const REVOKE: &str = "[auth.revoke]\nurl = \"https://logins.example/oauth/revoke\"\nclient-auth = \"basic\"\n\
    [auth.revoke.params]\ntoken = \"{refresh_token}\"\n";
const NESTED: &str = "[auth.answer]\naccess-token = \"/data/auth/access_token\"\n\
    refresh-token = \"/data/auth/refresh_token\"\nexpires-in = \"/data/auth/expires_in\"\n\
    scope = \"/data/auth/scope\"\n";
const EXCHANGE: &str = "[auth.exchange]\nmethod = \"GET\"\nurl = \"https://logins.example/oauth/exchange\"\nplace = \"query\"\n\
    [auth.exchange.params]\ngrant_type = \"exchange\"\naccess_token = \"{access_token}\"\n\
    [auth.refresh]\nmethod = \"GET\"\nurl = \"https://logins.example/oauth/exchange\"\nplace = \"query\"\n\
    [auth.refresh.params]\ngrant_type = \"exchange\"\naccess_token = \"{access_token}\"\n";

fn head(kind: &str) -> String {
    format!("[[auth]]\nid = \"login\"\nkind = \"{kind}\"\nlabel = \"Log in\"\n")
}

/// A login by fields.
fn simple(fields: &str, slots: &str, manner: &str) -> String {
    let me = format!("{HOST}/api/{manner}/me");
    format!("{}{fields}{slots}\n{}", head("fields"), reach(HOST, &me, "/api/", &ids(slots)))
}

fn session(login: &str) -> String {
    let me = format!("{HOST}/api/session/me");
    format!("{}{PERSON}{DATABASE}{login}{SESSION}\n{}", head("session"), reach(HOST, &me, "/api/", "key"))
}

fn oauth(kind: &str, middle: &str, slots: &str, manner: &str, origin: &str) -> String {
    let rotation = if kind == "oauth2" { "rotation = true\n" } else { "" };
    let scopes = "[[auth.scope]]\nname = \"read\"\nreason = \"To read.\"\n";
    let me = format!("{origin}/api/{manner}/me");
    format!("{}{rotation}{middle}{scopes}{slots}\n{}", head(kind), reach(origin, &me, "/api/", &ids(slots)))
}

fn rpc_body() -> String {
    let slot = "[[auth.slot]]\nid = \"key\"\nstandard = true\nplace = \"json\"\nname = \"/params/args/2\"\n\
        value = \"{password}\"\n";
    let ask = json!({ "url": format!("{HOST}/jsonrpc"), "method": "POST", "body": json!({
        "jsonrpc": "2.0", "method": "call", "id": 1,
        "params": { "service": "object", "method": "execute", "args": ["db-one", "one@office.example", null] },
    }).to_string() });
    format!("{}{PERSON}{DATABASE}{slot}\n{}", head("fields"), reach_with(HOST, &ask, "/jsonrpc", "key"))
}

fn regions() -> String {
    ["eu", "us", "in"]
        .map(|id| {
            format!(
                "[[auth.region]]\nid = \"{id}\"\nlabel = \"{}\"\nvalues = {{ accounts = \"accounts-{id}.logins.example\", \
                 api = \"api-{id}.logins.example\", server = \"accounts-{id}.logins.example\" }}\n",
                id.to_uppercase()
            )
        })
        .concat()
}

fn region_by_callback() -> String {
    let by = "[auth.region-by]\nfrom = \"callback:location\"\n";
    let token = "[auth.token]\nurl = \"https://{region.accounts}/oauth/token\"\n";
    let middle = format!("{by}{AUTHORIZE}{token}{}", regions());
    oauth("oauth2", &middle, BEARER, "bearer", "https://{region.api}")
        // The guest knows the fact, not the table.
        .replace("https://{region.api}/api/bearer/me", "https://api-{region}.logins.example/api/bearer/me")
}

fn region_by_field() -> String {
    let field =
        "[[auth.field]]\nid = \"place\"\nlabel = \"Place\"\ntype = \"select\"\noptions = [\"eu\", \"us\", \"in\"]\n";
    let by = "[auth.region-by]\nfrom = \"field:place\"\n";
    let me = "https://api-{region}.logins.example/api/key-header/me";
    let reach = reach("https://{region.api}", me, "/api/", "key");
    format!("{}{KEY}{field}{by}{}{KEY_HEADER}\n{reach}", head("fields"), regions())
}

fn customer() -> String {
    let field = "[[auth.field]]\nid = \"address\"\nlabel = \"Address\"\ntype = \"origin\"\n";
    let reach = reach("{address}", "{address}/api/basic/me", "/api/", "key");
    let reach = reach.replace("The provider of the test.", "The server that is entered as Address.");
    format!("{}{field}{PERSON}{BASIC}\n{reach}", head("fields"))
}

/// The ids of the slots, as the manifest lists them for a host.
fn ids(slots: &str) -> String {
    let ids = slots.lines().filter_map(|line| line.strip_prefix("id = \"")).map(|id| id.trim_end_matches('"'));
    ids.collect::<Vec<_>>().join("\", \"")
}

fn reach(origin: &str, url: &str, path: &str, slots: &str) -> String {
    reach_with(origin, &json!({ "url": url }), path, slots)
}

fn reach_with(origin: &str, ask: &Value, path: &str, slots: &str) -> String {
    format!(
        "[[host]]\norigin = \"{origin}\"\npaths = [\"{path}\"]\nmethods = [\"GET\", \"POST\"]\nslots = [\"{slots}\"]\n\
         reason = \"The provider of the test.\"\n\n[config]\nschema = '{{ \"type\": \"object\" }}'\ndefaults = '{}'\n",
        json!({ "ask": ask })
    )
}

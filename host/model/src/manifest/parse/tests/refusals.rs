//! What is wrong with a login is told where it stands, with what to write instead.

use super::logins::{
    CALLBACK, CLAIM, ENTERED, FIELD, FIRM, NESTED, OPERATORS, ORIGIN, RENEWED, SESSION, TOP, UNTICKED, WORDS, read,
};

/// A good login, what is changed in it, to what, the key of the problem, and a word of its remedy.
type Wrong = (&'static str, &'static str, &'static str, &'static str, &'static str);

fn all_told(wrong: &[Wrong]) {
    for (good, from, to, key, word) in wrong {
        let at = good.find(from).unwrap_or_else(|| panic!("{from:?} is not in the manifest"));
        let first = TOP.matches('\n').count() + good[..at].matches('\n').count() + 1;
        let problems = read(&good.replacen(from, to, 1)).expect_err(to);
        let problem =
            problems.iter().find(|one| one.key == *key).unwrap_or_else(|| panic!("{to}: {key}: {problems:#?}"));
        assert!(problem.remedy.contains(word), "{to}: {problem}");
        let line = problem.line.expect("a line");
        // What is missing is told on the line around it, and what does not fit on either of the two.
        let fits = (first..=first + to.matches('\n').count()).contains(&line);
        let elsewhere =
            ["field", "region-by.from", "host", "slot[0].with", "answer", "region-by.equals", "auth[0].region"]
                .iter()
                .any(|part| key.contains(part));
        let missing = !to.contains(key.rsplit(['.', '[']).next().unwrap_or(key));
        assert!(fits || elsewhere || missing, "{to}: {problem} is not from line {first} on");
    }
}

#[test]
fn each_kind_has_its_own_requests_and_keys() {
    const FIELDS: &str = "kind = \"fields\"\nlabel = \"Access\"\n";
    let with = |key: &'static str, more: &'static str| -> Wrong { (SESSION, FIELDS, more, key, "leave") };
    all_told(&[
        with("auth[0].login", "kind = \"fields\"\nlabel = \"A\"\nlogin = { url = \"https://a.example/x\" }\n"),
        with("auth[0].token", "kind = \"fields\"\nlabel = \"A\"\ntoken = { url = \"https://a.example/x\" }\n"),
        with("auth[0].revoke", "kind = \"fields\"\nlabel = \"A\"\nrevoke = { url = \"https://a.example/x\" }\n"),
        with("auth[0].exchange", "kind = \"fields\"\nlabel = \"A\"\nexchange = { url = \"https://a.example/x\" }\n"),
        with("auth[0].answer", "kind = \"fields\"\nlabel = \"A\"\nanswer = { access-token = \"/x\" }\n"),
        with("auth[0].life-seconds", "kind = \"fields\"\nlabel = \"A\"\nlife-seconds = 60\n"),
        with("auth[0].renew-days-ahead", "kind = \"fields\"\nlabel = \"A\"\nrenew-days-ahead = 1\n"),
        with("auth[0].dead[0]", "kind = \"fields\"\nlabel = \"A\"\ndead = [{ status = 400 }]\n"),
        with("auth[0].pkce", "kind = \"fields\"\nlabel = \"A\"\npkce = false\n"),
        with("auth[0].scope-separator", "kind = \"fields\"\nlabel = \"A\"\nscope-separator = \",\"\n"),
        with("auth[0].scope[0]", "kind = \"fields\"\nlabel = \"A\"\nscope = [{ name = \"a\", reason = \"b\" }]\n"),
        (SESSION, "[auth.revoke]", "[auth.refresh]", "auth[1].refresh", "leave [auth.refresh] out"),
        (SESSION, "[auth.revoke]", "[auth.token]", "auth[1].token", "oauth2"),
        (SESSION, "[auth.revoke]", "[auth.authorize]", "auth[1].authorize", "oauth2"),
        (SESSION, "[auth.login]", "[auth.token]", "auth[1].login", "[auth.login]"),
        (SESSION, "access-token = \"/token\"\n", "", "auth[1].answer.access-token", "/token"),
        (SESSION, "life-seconds = 7200", "rotation = true", "auth[1].rotation", "leave"),
        (SESSION, "life-seconds = 7200", "idle-days = 2", "auth[1].idle-days", "leave"),
        (SESSION, "life-seconds = 7200", "issuer = \"https://x.example\"", "auth[1].issuer", "leave"),
        (SESSION, "[[auth.dead]]", "[[auth.misconfigured]]", "auth[1].misconfigured[0]", "leave"),
        (SESSION, "expires-in =", "refresh-token =", "auth[1].answer.refresh-token", "leave"),
        (ENTERED, "[auth.token]", "[auth.login]", "auth[0].token", "[auth.token]"),
        (ENTERED, "[auth.token]", "[auth.login]", "auth[0].login", "session"),
        (OPERATORS, "[auth.revoke]", "[auth.refresh]", "auth[0].refresh", "leave"),
        (OPERATORS, "[auth.revoke]", "[auth.exchange]", "auth[0].exchange", "oauth2"),
        (CLAIM, "[auth.authorize]", "[auth.login]", "auth[0].authorize", "[auth.authorize]"),
        (CLAIM, "[auth.authorize]", "[auth.login]", "auth[0].login", "session"),
        (FIELD, "idle-days = 14", "revoke-ends = \"grant\"", "auth[0].revoke-ends", "[auth.revoke]"),
    ]);
    let unprotected = SESSION.replace("type = \"secret\"", "type = \"text\"");
    let problems = read(&unprotected).expect_err("no secret");
    let problem = problems.iter().find(|one| one.key == "auth[1].field").expect("told");
    assert!(problem.remedy.contains("type = \"secret\""), "{problem}");
}

#[test]
fn a_client_is_entered_whole_or_not_at_all() {
    const ID: &str = "[[auth.field]]\nid = \"client_id\"\nlabel = \"Client id\"\ntype = \"text\"\n\n";
    const SECRET: &str = "[[auth.field]]\nid = \"client_secret\"\nlabel = \"Client secret\"\ntype = \"secret\"\n\n";
    all_told(&[
        (ENTERED, ID, "", "auth[0].field", "\"client_id\""),
        (ENTERED, SECRET, "", "auth[0].field", "operator's"),
        (ENTERED, "\"Client id\"\ntype = \"text\"", "\"C\"\ntype = \"secret\"", "auth[0].field[1].type", "text"),
        (ENTERED, "\"Client secret\"\ntype = \"secret\"", "\"C\"\ntype = \"text\"", "auth[0].field[2].type", "secret"),
        (ENTERED, "id = \"client_id\"", "id = \"client_id\"\noptional = true", "auth[0].field[1].optional", "operator"),
        (ENTERED, "client-auth = \"basic\"", "client-auth = \"none\"", "auth[0].token.client-auth", "basic"),
    ]);
    let neither = ENTERED.replacen(ID, "", 1).replacen(SECRET, "", 1);
    let problems = read(&neither).expect_err("the operator's secret at a customer's address");
    assert!(problems[0].message.contains("operator's client would be sent"), "{}", problems[0]);
}

#[test]
fn a_request_says_how_it_is_sent() {
    all_told(&[
        (RENEWED, "method = \"DELETE\"", "method = \"PATCH\"", "auth[0].revoke.method", "POST, PUT"),
        (RENEWED, "method = \"DELETE\"", "method = \"delete\"", "auth[0].revoke.method", "\"DELETE\""),
        (RENEWED, "method = \"GET\"\nplace = \"query\"", "method = \"GET\"", "auth[0].token.method", "query"),
        (FIRM, "/oauth/authorize\"", "/oauth/authorize\"\nmethod = \"GET\"", "auth[0].authorize.method", "leave"),
        (FIRM, "/oauth/authorize\"", "/oauth/authorize\"\nplace = \"json\"", "auth[0].authorize.place", "leave"),
        (
            SESSION,
            "place = \"json\"",
            "place = \"json\"\nclient-auth = \"basic\"",
            "auth[1].login.client-auth",
            "leave",
        ),
        (SESSION, "place = \"json\"\n", "", "auth[1].login.params./credentials/password", "json"),
        (
            SESSION,
            "\"/credentials/password\"",
            "\"/username/password\"",
            "auth[1].login.params.username",
            "place of its own",
        ),
        (SESSION, "\"/credentials/password\"", "\"/username\"", "auth[1].login.params.username", "place of its own"),
        (SESSION, "\"/credentials/password\"", "\"/\"", "auth[1].login.params./", "/id"),
    ]);
}

#[test]
fn a_secret_stands_only_where_it_belongs() {
    const PROMPT: &str = "access_type = \"offline\", prompt";
    all_told(&[
        (SESSION, "/api/v1/login", "/api/v1/login/{password}", "auth[1].login.url", "params"),
        (SESSION, "/api/v1/logout", "/api/v1/logout?t={access_token}", "auth[1].revoke.url", "params"),
        (SESSION, "\"{user}\"", "\"{access_token}\"", "auth[1].login.params.username", "{user}"),
        (RENEWED, "\"{slot.proof}\"", "\"{slot.bearer}\"", "auth[0].revoke.params.appsecret_proof", "{slot.proof}"),
        (SESSION, "\"{user}\"", "\"{client_secret}\"", "auth[1].login.params.username", "{user}"),
        (WORDS, "2026-03/token\"", "2026-03/token?x={client_secret}\"", "auth[0].token.url", "params"),
        (
            CALLBACK,
            "prompt = \"consent\"",
            "prompt = \"{client_secret}\"",
            "auth[0].authorize.params.prompt",
            "{client_id}",
        ),
        (CALLBACK, PROMPT, "a = \"{access_token}\", prompt", "auth[0].authorize.params.a", "{redirect_uri}"),
        (CALLBACK, "\"{refresh_token}\"", "\"{client_secret}\"", "auth[0].revoke.params.token", "{refresh_token}"),
        (CALLBACK, "\"{refresh_token}\"", "\"{code}\"", "auth[0].revoke.params.token", "{refresh_token}"),
        (
            CALLBACK,
            "token = \"{refresh_token}\"",
            "client_secret = \"x\"",
            "auth[0].revoke.params.client_secret",
            "leave",
        ),
        (OPERATORS, "\"{tenant}\"", "\"{refresh_token}\"", "auth[0].token.params./claims/tenant", "{tenant}"),
        (OPERATORS, "\"/claims/tenant\"", "\"/client_id\"", "auth[0].token.params./client_id", "standard"),
        (FIRM, "redirect_uri = \"{redirect_uri}\"", "x = \"{code}\"", "auth[0].refresh.params.x", "{refresh_token}"),
        (
            RENEWED,
            "{ grant_type = \"fb_exchange_token\", fb_exchange_token = \"{access_token}\" }",
            "{ a = \"{code}\" }",
            "auth[0].exchange.params.a",
            "{access_token}",
        ),
    ]);
    let both = RENEWED.replacen(
        "\"{access_token}\" }\n\n[auth.revoke]",
        "\"{access_token}\", old = \"{refresh_token}\" }\n\n[auth.revoke]",
        1,
    );
    let problems = read(&both).expect_err("two tokens");
    assert_eq!((problems.len(), &*problems[0].key), (1, "auth[0].refresh.params"), "{problems:?}");
}

#[test]
fn an_answer_says_where_tokens_are_and_which_are_no_facts() {
    all_told(&[
        (OPERATORS, "expires-in = \"/data/seconds\"", "expires-in = \"seconds\"", "auth[0].answer.expires-in", "/id"),
        (OPERATORS, "more = { csrf", "more = { Csrf", "auth[0].answer.more.Csrf", "lower-case"),
        (OPERATORS, "more = { csrf", "more = { client_secret", "auth[0].answer.more.client_secret", "another name"),
        (OPERATORS, "more = { csrf", "more = { region", "auth[0].answer.more.region", "another name"),
        (OPERATORS, "csrf = \"/data/csrf\"", "csrf = \"csrf\"", "auth[0].answer.more.csrf", "/id"),
        (OPERATORS, "id = \"tenant\"", "id = \"csrf\"", "auth[0].field[0].id", "another name"),
        (NESTED, "/authed_user/access_token", "/refresh_token", "auth[0].answer.more.user_token", "by itself"),
        (
            WORDS,
            "scope = \"/scopes\"",
            "access-token = \"/refresh_token\"",
            "auth[0].answer.access-token",
            "access token",
        ),
        (NESTED, "answer:/authed_user/id", "answer:/authed_user/access_token", "auth[0].fact[1].from", "no secret"),
        (NESTED, "answer:/authed_user/id", "answer:authed_user", "auth[0].fact[1].from", "answer:/json"),
        (NESTED, "id = \"team\"", "id = \"user_token\"", "auth[0].fact[0].id", "another name"),
        (UNTICKED, "id_token:/hd", "id_token:hd", "auth[0].fact[0].from", "id_token:/claim"),
        (UNTICKED, "id_token:/hd", "header:hd", "auth[0].fact[0].from", "access_token:/claim"),
        (UNTICKED, "id_token:/hd", "callback:state", "auth[0].fact[0].from", "no secret"),
        (
            SESSION,
            "[[auth.dead]]",
            "[[auth.fact]]\nid = \"a\"\nfrom = \"callback:a\"\npattern = \"a\"\n\n[[auth.dead]]",
            "auth[1].fact[0].from",
            "answer:",
        ),
        (
            SESSION,
            "[[auth.dead]]",
            "[[auth.fact]]\nid = \"a\"\nfrom = \"id_token:/a\"\npattern = \"a\"\n\n[[auth.dead]]",
            "auth[1].fact[0].from",
            "access_token:/claim",
        ),
        (
            SESSION,
            "[[auth.dead]]",
            "[[auth.fact]]\nid = \"a\"\nfrom = \"answer:/token\"\npattern = \"a\"\n\n[[auth.dead]]",
            "auth[1].fact[0].from",
            "no secret",
        ),
    ]);
}

#[test]
fn a_rule_takes_no_good_answer_and_no_trouble_for_a_refusal() {
    all_told(&[
        (SESSION, "status = 403", "status = 200", "auth[1].dead[0].status", "400"),
        (SESSION, "status = 403", "status = 408", "auth[1].dead[0].status", "not 408"),
        (SESSION, "status = 403", "status = 503", "auth[1].dead[0].status", "throttled"),
        (SESSION, "status = 403", "status = 429", "auth[1].dead[0].status", "not 408 or 429"),
        (SESSION, "status = 403", "pointer = \"/error\"", "auth[1].dead[0].pointer", "equals"),
        (SESSION, "status = 403", "pointer = \"error\"\nequals = 1", "auth[1].dead[0].pointer", "/id"),
        (SESSION, "status = 403", "status = 403\nequals = 1", "auth[1].dead[0].equals", "pointer"),
        (SESSION, "status = 403", "status = 1000", "auth[1].dead[0].status", "599"),
        (NESTED, "\"ratelimited\"", "[\"ratelimited\"]", "auth[0].throttled[0].equals", "a text"),
        (NESTED, "\"ratelimited\"", "\"invalid_refresh_token\"", "auth[0].throttled[0]", "the one that is meant"),
        (NESTED, "equals = \"bad_client_secret\"", "", "auth[0].misconfigured[0].pointer", "equals"),
        (OPERATORS, "status = 403", "status = 500", "auth[0].misconfigured[0].status", "throttled"),
        (CLAIM, "status = 401\npointer", "status = 500\npointer", "auth[0].expired[0].status", "408"),
        (NESTED, "equals = \"token_expired\"", "unless = [\"ok\"]", "auth[0].expired[0].unless", "status = 401"),
        (NESTED, "equals = \"token_expired\"", "equals = 1\nunless = [2]", "auth[0].expired[0].unless", "no equals"),
        (NESTED, "equals = \"token_expired\"", "unless = [[1]]", "auth[0].expired[0].unless", "texts"),
        (OPERATORS, "status = 403", "status = 403\nunless = [1]", "auth[0].misconfigured[0].unless", "pointer"),
    ]);
}

#[test]
fn lives_and_separators_are_sane() {
    all_told(&[
        (RENEWED, "life-seconds = 5183944", "life-seconds = 5", "auth[0].life-seconds", "60"),
        (RENEWED, "life-seconds = 5183944", "life-seconds = 4000000000", "auth[0].life-seconds", "leave"),
        (RENEWED, "renew-days-ahead = 30", "renew-days-ahead = 0", "auth[0].renew-days-ahead", "366"),
        (RENEWED, "renew-days-ahead = 30", "renew-days-ahead = 60", "auth[0].renew-days-ahead", "fewer"),
        (RENEWED, "renew-days-ahead = 30", "rotation = true", "auth[0].rotation", "leave rotation out"),
        (CLAIM, "idle-days = 60", "idle-days = 0", "auth[0].idle-days", "3660"),
        (CLAIM, "grace-seconds = 1800", "grace-seconds = 9000000", "auth[0].grace-seconds", "at most"),
        (RENEWED, "scope-separator = \",\"", "scope-separator = \", \"", "auth[0].scope-separator", "\",\""),
        (RENEWED, "scope-separator = \",\"", "scope-separator = \"\"", "auth[0].scope-separator", "\",\""),
        (RENEWED, "name = \"ads_read\"", "name = \"ads_read,pages\"", "auth[0].scope[0].name", "each"),
    ]);
}

#[test]
fn a_region_is_of_the_table_and_known_when_it_is_used() {
    const EU: &str = "accounts = \"accounts.zoho.eu\"";
    all_told(&[
        (
            CALLBACK,
            "[auth.region-by]\nfrom = \"callback:location\"\notherwise = \"us\"\n",
            "",
            "auth[0].region[0]",
            "region-by",
        ),
        (CALLBACK, "callback:location", "callback:state", "auth[0].region-by.from", "callback:NAME"),
        (CALLBACK, "callback:location", "location", "auth[0].region-by.from", "callback:NAME"),
        (CALLBACK, "callback:location", "field:location", "auth[0].region-by.from", "select"),
        (CALLBACK, "callback:location", "answer:/location", "auth[0].token.url", "region-by"),
        (
            CALLBACK,
            "https://accounts.zoho.com/oauth",
            "https://{region.accounts}/oauth",
            "auth[0].authorize.url",
            "field",
        ),
        (CALLBACK, "otherwise = \"us\"", "otherwise = \"cn\"", "auth[0].region-by.otherwise", "us, eu, au"),
        (CALLBACK, "otherwise = \"us\"", "equals = \"place\"", "auth[0].region-by.equals", "accounts"),
        (CALLBACK, "id = \"eu\"", "id = \"us\"", "auth[0].region[1].id", "own"),
        (CALLBACK, "id = \"eu\"", "id = \"EU\"", "auth[0].region[1].id", "lower-case"),
        (CALLBACK, EU, "other = \"accounts.zoho.eu\"", "auth[0].region[1].values", "accounts, api, drive"),
        (CALLBACK, EU, "accounts = \"https://accounts.zoho.eu\"", "auth[0].region[1].values.accounts", "no https://"),
        (CALLBACK, EU, "accounts = \"accounts.zoho.eu/x\"", "auth[0].region[1].values.accounts", "no path"),
        (CALLBACK, EU, "accounts = \"accounts.zoho.eu:8443\"", "auth[0].region[1].values.accounts", "no port"),
        (CALLBACK, EU, "accounts = \"u@accounts.zoho.eu\"", "auth[0].region[1].values.accounts", "only the host"),
        (CALLBACK, EU, "accounts = \"Accounts.zoho.eu\"", "auth[0].region[1].values.accounts", "lower case"),
        (CALLBACK, EU, "accounts = \"10.0.0.1\"", "auth[0].region[1].values.accounts", "only the host"),
        (CALLBACK, EU, "accounts = \"{firm}\"", "auth[0].region[1].values.accounts", "only the host"),
        (CALLBACK, EU, "accounts = \"\"", "auth[0].region[1].values.accounts", "only the host"),
        (CALLBACK, EU, "accounts = \"eu\"", "auth[0].token.url", "with a dot"),
        (CALLBACK, EU, "accounts = \"co.uk\"", "auth[0].token.url", "domain of the provider"),
        (CALLBACK, "{region.accounts}/oauth/v2/token\"", "{region.tokens}/x\"", "auth[0].token.url", "tokens"),
        (CALLBACK, "upload.zoho.{region.drive}", "upload-{region.drive}.zoho.com", "host[1].origin", "two dots"),
        (CALLBACK, "https://{region.api}", "https://{region.host}", "host[0].origin", "[[auth.region]]"),
        (OPERATORS, "equals = \"api\"", "equals = \"other\"", "auth[0].region-by.equals", "api, login"),
        (OPERATORS, "api = \"us1.service", "api = \"eu1.service", "auth[0].region-by.equals", "differs"),
        (OPERATORS, "api = \"us1.service", "api = \"US1.service", "host[0].origin", "lower case"),
        (OPERATORS, "api = \"us1.service.example\"", "api = \"https://us1.service.example\"", "host[0].origin", "host"),
        (OPERATORS, "api = \"us1.service.example\"", "api = \"u s\"", "auth[0].region[1].values.api", "no spaces"),
        (OPERATORS, "answer:/data/host", "callback:host", "auth[0].region-by.from", "answer:"),
        (OPERATORS, "https://login.service.example", "https://{region.login}", "auth[0].token.url", "region-by"),
        (
            FIELD,
            "\"production\", \"acceptance\"]",
            "\"production\", \"test\"]",
            "auth[0].field[0].options[1]",
            "acceptance",
        ),
        (FIELD, "\"production\", \"acceptance\"]", "\"production\"]", "auth[0].field[0].options", "options"),
        (
            FIELD,
            "type = \"select\"\noptions = [\"production\", \"acceptance\"]",
            "type = \"text\"",
            "auth[0].region-by.from",
            "select",
        ),
        (FIELD, "label = \"Environment\"", "label = \"E\"\noptional = true", "auth[0].region-by.from", "otherwise"),
        (FIELD, "from = \"field:region\"", "from = \"callback:x\"", "auth[0].field[0].id", "another name"),
    ]);
}

#[test]
fn the_fact_of_the_region_is_nobody_elses() {
    let fact = "[[auth.fact]]\nid = \"region\"\nfrom = \"callback:x\"\npattern = \".*\"\n\n[[auth.scope]]";
    let problems = read(&CALLBACK.replacen("[[auth.scope]]", fact, 1)).expect_err("a second region");
    assert_eq!(problems[0].key, "auth[0].fact[0].id");
    let by = "region-by = { from = \"field:x\" }\nscope-separator";
    let problems = read(&RENEWED.replacen("scope-separator", by, 1)).expect_err("no table");
    assert!(problems[0].remedy.contains("[[auth.region]]"), "{}", problems[0]);
}

#[test]
fn a_customers_own_address_is_named_with_its_ports_and_its_reason() {
    let reason = "The server that is entered as Address of Odoo";
    all_told(&[
        (ORIGIN, "origin = \"{server}\"", "origin = \"{key}\"", "host[0].origin", "type = \"origin\""),
        (ORIGIN, "origin = \"{server}\"", "origin = \"https://{server}\"", "host[0].origin", "\"{server}\""),
        (ORIGIN, "origin = \"{server}\"", "origin = \"{server}/x\"", "host[0].origin", "paths"),
        (ORIGIN, "origin = \"{server}\"", "origin = \"{server}:8069\"", "host[0].origin", "{server}"),
        (ORIGIN, "origin = \"{server}\"", "origin = \"https://odoo.example.com\"", "auth[0].field[0].id", "{server}"),
        (ORIGIN, "origin = \"{server}\"", "origin = \"https://odoo.example.com\"", "host[0].ports", "leave"),
        (ORIGIN, "ports = [8069]", "ports = [22]", "host[0].ports[0]", "8069"),
        (ORIGIN, "ports = [8069]", "ports = [25]", "host[0].ports[0]", "8069"),
        (ORIGIN, "ports = [8069]", "ports = [0]", "host[0].ports[0]", "8069"),
        (ORIGIN, "ports = [8069]", "ports = [443]", "host[0].ports[0]", "leave"),
        (ORIGIN, "ports = [8069]", "ports = [8069, 8069]", "host[0].ports[1]", "leave"),
        (ORIGIN, reason, "the API", "host[0].reason", "Address of Odoo"),
        (ORIGIN, "type = \"date\"", "type = \"date\"\noptions = [\"1\"]", "auth[0].field[4].options", "select"),
        (
            ORIGIN,
            "type = \"origin\"",
            "type = \"origin\"\nsuffix = \".x.example\"",
            "auth[0].field[0].suffix",
            "subdomain",
        ),
        (ENTERED, "{server}/oauth/token", "{server}oauth", "auth[0].token.url", "{server}/oauth/token"),
    ]);
}

#[test]
fn what_leads_to_a_host_is_the_same_in_every_login() {
    let second =
        "label = \"Key (19 or later)\"\n\n[[auth.field]]\nid = \"server\"\nlabel = \"Address of Odoo\"\ntype = \"";
    let problems = read(&ORIGIN.replacen(&format!("{second}origin"), &format!("{second}text"), 1)).expect_err("a text");
    assert!(problems.iter().any(|one| one.key == "auth[0].field[0].id" && one.remedy.contains("own")), "{problems:?}");
    let second =
        "[[auth.field]]\nid = \"office\"\nlabel = \"Office\"\ntype = \"subdomain\"\nsuffix = \".fid-manager.be\"";
    let at = SESSION.rfind(second).expect("the session's office");
    let text = "[[auth.field]]\nid = \"office\"\nlabel = \"Office\"\ntype = \"text\"";
    let changed = format!("{}{text}{}", &SESSION[..at], &SESSION[at + second.len()..]);
    let problems = read(&changed).expect_err("a text that leads to a host");
    assert!(problems.iter().any(|one| one.key == "auth[0].field[0].id"), "{problems:?}");
}

#[test]
fn slots_are_filled_together_where_all_are_allowed_and_each_in_its_place() {
    all_told(&[
        (
            ORIGIN,
            "with = [\"rpc_login\", \"rpc_database\"]",
            "with = [\"login\"]",
            "auth[0].slot[0].with[0]",
            "rpc_login",
        ),
        (ORIGIN, "with = [\"rpc_login\", \"rpc_database\"]", "with = [\"rpc\"]", "auth[0].slot[0].with[0]", "other"),
        (
            ORIGIN,
            "with = [\"rpc_login\", \"rpc_database\"]",
            "with = [\"rpc_login\", \"rpc_login\"]",
            "auth[0].slot[0].with[1]",
            "other",
        ),
        (ORIGIN, "with = [\"rpc_login\", \"rpc_database\"]", "with = [\"bearer\"]", "auth[0].slot[0].with[0]", "other"),
        (ORIGIN, "name = \"/params/args/1\"", "name = \"/params/args/2\"", "auth[0].slot[0].with", "another place"),
        (ORIGIN, "name = \"/params/args/1\"", "name = \"/params/args\"", "auth[0].slot[0].with", "another place"),
        (ORIGIN, "value = \"{login}\"", "value = \"{login}\"\nwith = [\"rpc\"]", "auth[0].slot[0].with", "one of them"),
        (
            ORIGIN,
            "\"rpc_login\", \"rpc_database\", \"bearer\"]",
            "\"rpc_database\", \"bearer\"]",
            "host[0].slots",
            "rpc_login",
        ),
        (OPERATORS, "name = \"X-Csrf\"", "name = \"authorization\"", "auth[0].slot[0].with", "another place"),
        (
            OPERATORS,
            "name = \"Authorization\"\nvalue = \"Bearer",
            "name = \"Authorization\"\nvalue = \"{csrf2} Bearer",
            "auth[0].slot[0].value",
            "{csrf}",
        ),
    ]);
}

#[test]
fn a_signature_is_made_of_secrets_and_the_operators_secret_leaves_only_so() {
    const SIGNED: &str = "signature = { key = \"{client_secret}\", into = \"query\", encoding = \"hex\" }";
    all_told(&[
        (RENEWED, SIGNED, "", "auth[0].slot[1].signature", "signature ="),
        (RENEWED, "place = \"signed\"", "place = \"query\"", "auth[0].slot[1].signature", "signed"),
        (RENEWED, "key = \"{client_secret}\"", "key = \"fixed\"", "auth[0].slot[1].signature.key", "{client_secret}"),
        (
            RENEWED,
            "key = \"{client_secret}\"",
            "key = \"{refresh_token}\"",
            "auth[0].slot[1].signature.key",
            "{access_token}",
        ),
        (RENEWED, "name = \"appsecret_proof\"\n", "", "auth[0].slot[1].name", "write name"),
        (RENEWED, "name = \"appsecret_proof\"", "name = \"app secret\"", "auth[0].slot[1].name", "letters"),
        (RENEWED, "value = \"{access_token}\"\nsig", "value = \"x\"\nsig", "auth[0].slot[1].value", "{access_token}"),
        (RENEWED, "Bearer {access_token}", "Bearer {client_secret}", "auth[0].slot[0].value", "signed"),
        (SESSION, "Bearer {access_token}", "Bearer {client_secret}", "auth[1].slot[0].value", "{password}"),
        (NESTED, "Bearer {user_token}", "Bearer {other_token}", "auth[0].slot[1].value", "{user_token}"),
        (NESTED, "Bearer {user_token}", "Bearer {refresh_token}", "auth[0].slot[1].value", "{access_token}"),
    ]);
    let header = RENEWED.replacen("into = \"query\"", "into = \"header\"", 1);
    let header = header.replacen("\"appsecret_proof\"", "\"Host\"", 1);
    let problems = read(&header).expect_err("a signature in Host");
    assert_eq!(problems[0].key, "auth[0].slot[1].name");
}

#[test]
fn a_rate_that_waits_alone_is_that_of_an_account_or_of_a_path() {
    let with = |rate: &str| read(&format!("{NESTED}\n[[rate]]\n{rate}\n"));
    for good in ["scope = \"account\"\nalone = true", "scope = \"connection\"\npath = \"/api/x\"\nalone = true"] {
        assert!(with(good).is_ok(), "{good}: {:?}", with(good));
    }
    for wrong in ["scope = \"connection\"\nalone = true\nper-minute = 1", "scope = \"connector\"\nalone = true"] {
        let problems = with(wrong).expect_err(wrong);
        assert_eq!(problems[0].key, "rate[0].alone", "{wrong}");
    }
    assert!(with("scope = \"account\"\nalone = false").is_err(), "it limits nothing");
}

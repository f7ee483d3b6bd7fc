//! **An update that adds a power waits, whichever power it is** (trust.md, A5): a publisher whose machine was taken over
//! signs updates that each add one thing to what was approved. Each waits, with a line that names it; connections stay on
//! the release before, and runs on it go on. The last one changes words only, and goes ahead.

use patchbay_it::{Rig, Variant, guest_component, post_signed, publisher_key, signature_of};
use patchbay_model::{
    manifest::{
        Auth, ClientAuth, Function, Host, Idempotency, Manifest, RateScope, SlotPlace, StreamMode, TokenRequest, parse,
    },
    package,
};
use patchbay_test_support::{Result, Trouble};
use serde_json::{Value, json};

/// One update: what is changed, and what the line says that names it.
struct Update(&'static str, fn(&mut Manifest));

fn base() -> Result<Manifest> {
    let parsed = parse::parse(include_str!("mutated_updates.toml"), &|_| None);
    parsed.map_err(|problems| Trouble::new(format!("{problems:#?}")))
}

fn login<'m>(manifest: &'m mut Manifest, id: &str) -> &'m mut Auth {
    manifest.auths.iter_mut().find(|auth| auth.id == id).expect("a login of the manifest")
}

fn host<'m>(manifest: &'m mut Manifest, origin: &str) -> &'m mut Host {
    manifest.hosts.iter_mut().find(|host| host.origin == origin).expect("a host of the manifest")
}

fn setting<'m>(manifest: &'m mut Manifest, name: &str) -> &'m mut Value {
    &mut manifest.settings.as_mut().expect("settings")["properties"][name]
}

const ECHO: &str = "https://echo.example";

const UPDATES: &[Update] = &[
    // Where it may go.
    Update("reaches a new host: https://evil.example", |m| {
        let new = Host { origin: "https://evil.example".to_owned(), ..m.hosts[0].clone() };
        m.hosts.push(new);
    }),
    Update("reaches a new path: https://echo.example/", |m| host(m, ECHO).paths = vec!["/".to_owned()]),
    Update("reaches a new path: https://echo.example/private", |m| host(m, ECHO).paths.push("/private".to_owned())),
    Update("uses a new method: DELETE", |m| host(m, ECHO).methods.push("DELETE".to_owned())),
    Update("sends the credential bearer to a new place", |m| {
        host(m, "{config.files}").slots.push("bearer".to_owned());
    }),
    Update("https://evil.example", |m| {
        m.config.as_mut().expect("config").defaults = json!({ "files": "https://evil.example" });
    }),
    Update("another port of customers' own addresses", |m| host(m, "{address}").ports.push(9443)),
    Update("asks for addresses of customers' own: {server}", |m| {
        let mut auth = login(m, "own").clone();
        "server".clone_into(&mut auth.fields[0].id);
        "own2".clone_into(&mut auth.id);
        let new = Host { origin: "{server}".to_owned(), ..host(m, "{address}").clone() };
        m.auths.push(auth);
        m.hosts.push(new);
    }),
    // How one logs in.
    Update("asks the provider for a new scope: write", |m| {
        let mut scope = login(m, "oauth").scopes[0].clone();
        "write".clone_into(&mut scope.name);
        login(m, "oauth").scopes.push(scope);
    }),
    Update("changes the login page of oauth", |m| address(&mut login(m, "oauth").authorize, "authorize")),
    Update("changes the token address of oauth", |m| address(&mut login(m, "oauth").token, "token")),
    Update("changes the refresh address of oauth", |m| address(&mut login(m, "oauth").refresh, "refresh")),
    Update("changes the revocation address of oauth", |m| address(&mut login(m, "oauth").revoke, "revoke")),
    Update("has a new exchange address of oauth", |m| {
        let auth = login(m, "oauth");
        auth.exchange = auth.token.clone();
        address(&mut auth.exchange, "exchange");
    }),
    Update("other parameters to the login page", |m| {
        let authorize = login(m, "oauth").authorize.as_mut().expect("a login page");
        authorize.params.insert("prompt".to_owned(), "none".to_owned());
    }),
    Update("sends the operator's client secret to a new host: revoke.echo.example", |m| {
        let revoke = login(m, "oauth").revoke.as_mut().expect("a revocation");
        "https://revoke.echo.example/revoke".clone_into(&mut revoke.url);
        revoke.client_auth = ClientAuth::Basic;
    }),
    Update("no longer binds the login with PKCE", |m| login(m, "oauth").pkce = false),
    Update("no longer compares the same issuer", |m| login(m, "oauth").issuer = None),
    Update("a new way to log in: another", |m| {
        let mut auth = login(m, "token").clone();
        "another".clone_into(&mut auth.id);
        m.auths.push(auth);
    }),
    Update("takes the fact firm from answer:/firm", |m| {
        "answer:/firm".clone_into(&mut login(m, "oauth").facts[0].from)
    }),
    Update("is told a new fact of the login: mail", |m| {
        let mut fact = login(m, "oauth").facts[0].clone();
        "mail".clone_into(&mut fact.id);
        login(m, "oauth").facts.push(fact);
    }),
    Update("asks the person for a new field: pin", |m| {
        let mut field = login(m, "own").fields[1].clone();
        "pin".clone_into(&mut field.id);
        field.optional = true;
        login(m, "own").fields.push(field);
        login(m, "own").slots[0].value = "{key}{pin}".to_owned();
    }),
    Update("asks the person for Password of your bank instead of Key", |m| {
        "Password of your bank".clone_into(&mut login(m, "own").fields[1].label);
    }),
    Update("puts the credential of slot bearer elsewhere (own)", |m| {
        let slot = &mut login(m, "own").slots[0];
        (slot.place, slot.name) = (SlotPlace::Query, Some("key".to_owned()));
    }),
    Update("takes the access token from /other/token", |m| {
        login(m, "oauth").answer.access_token = Some("/other/token".to_owned());
    }),
    Update("keeps a further token of the login: page", |m| {
        let auth = login(m, "oauth");
        auth.answer.more.insert("page".to_owned(), "/page_token".to_owned());
        auth.slots[0].value = "Bearer {page}".to_owned();
    }),
    Update("writes scopes in another way", |m| login(m, "oauth").scope_separator = Some("+".to_owned())),
    Update("other answers for the end of a credential", |m| login(m, "oauth").expired[0].status = Some(403)),
    Update("changes api of the region eu of token from eu.echo.example to evil.example", |m| {
        login(m, "token").regions[0].values.insert("api".to_owned(), "evil.example".to_owned());
    }),
    Update("adds the region cn to token", |m| {
        let mut region = login(m, "token").regions[0].clone();
        "cn".clone_into(&mut region.id);
        region.values.insert("api".to_owned(), "cn.echo.example".to_owned());
        login(m, "token").regions.push(region);
        login(m, "token").fields[2].options.push("cn".to_owned());
    }),
    // What else people are led to type, which it is told.
    Update("asks people for something new in the settings: What you use at your bank (key)", |m| {
        *setting(m, "key") = json!({ "type": "string", "title": "What you use at your bank" });
    }),
    Update("asks people for What you use at your bank (greeting", |m| {
        setting(m, "greeting")["title"] = json!("What you use at your bank");
    }),
    Update("asks people for Greeting (greeting; What your bank sent you.) instead of Greeting", |m| {
        setting(m, "greeting")["description"] = json!("What your bank sent you.");
    }),
    Update("read as email", |m| setting(m, "greeting")["format"] = json!("email")),
    Update("asks people for something new in the settings: Place (place)", |m| {
        *setting(m, "place") = json!({ "type": "string", "title": "Place" });
    }),
    // What it reads and writes.
    Update("reads a new stream: remember", |m| {
        let mut stream = m.streams[0].clone();
        "remember".clone_into(&mut stream.name);
        m.streams.push(stream);
    }),
    Update("reads the stream people with every login", |m| m.streams[1].auth.clear()),
    Update("reads the stream people with another login: token", |m| m.streams[1].auth.push("token".to_owned())),
    Update("moves the stream chosen to another switch", |m| m.streams[0].function = Function::Accounting),
    Update("takes what a pass does not bring for deleted: chosen", |m| m.streams[0].mode = StreamMode::Full),
    Update("tells the records of chosen apart in another way", |m| m.streams[0].key = vec!["/name".to_owned()]),
    Update("reads streams that only a connection can name: thing.", |m| {
        "thing.".clone_into(&mut m.discovered.as_mut().expect("discovered").prefix);
    }),
    Update("reads more streams model.", |m| m.discovered.as_mut().expect("discovered").limit = 200),
    Update("writes with a new action: refused", |m| {
        let mut action = m.actions[0].clone();
        "refused".clone_into(&mut action.name);
        m.actions.push(action);
    }),
    Update("moves the action exists to another switch", |m| m.actions[0].function = Function::Messages),
    Update("resolves a lost answer of exists in another way", |m| {
        (m.actions[0].idempotency, m.actions[0].key_life) = (Idempotency::Upsert, None);
    }),
    Update("sends exists again with its key for longer", |m| m.actions[0].key_life = Some("2d".to_owned())),
    Update("side by side: exists", |m| m.actions[0].ordered = false),
    Update("sends more files", |m| m.actions[0].attachments.as_mut().expect("files").max = 20),
    Update("writes exists to other targets", |m| m.actions[0].picker = Some("search".to_owned())),
    Update("offers other choices", |m| m.pickers[1].value = Some("/parent".to_owned())),
    // What it may use, and who it says that it is.
    Update("uses more memory: 65 MiB", |m| m.limits.memory_mib = 65),
    Update("runs longer: 6 minutes", |m| m.limits.run_minutes = 6),
    Update("asks the provider faster", |m| m.rates[0].per_second = Some(501)),
    Update("asks the provider faster", |m| m.rates[0].scope = RateScope::Account),
    Update("calls itself Bank", |m| "Bank".clone_into(&mut m.name)),
    Update("sends people to another place: evil.example", |m| {
        m.guides[0].text = m.guides[0].text.replace("app.echo.example", "evil.example");
    }),
];

fn address(request: &mut Option<TokenRequest>, path: &str) {
    // Another path at the same host: the smallest change that there is.
    request.as_mut().expect("a request").url = format!("https://login.echo.example/other/{path}");
}

/// Words, and less of everything.
fn words(manifest: &mut Manifest) {
    "Does just what its connection says.".clone_into(&mut manifest.summary);
    "All that the connection says.".clone_into(&mut manifest.streams[0].meaning);
    "Nobody".clone_into(&mut manifest.actions[0].title);
    "To connect".clone_into(&mut manifest.guides[0].title);
    manifest.guides[0].text.push_str(" That is all.");
    "The server of the test.".clone_into(&mut host(manifest, ECHO).reason);
    *setting(manifest, "loud") = json!({ "type": "boolean", "title": "Say it loudly" });
    setting(manifest, "place")["title"] = json!("Where it is said");
    manifest.limits.run_minutes = 4;
}

#[test]
fn every_update_that_adds_one_power_waits_and_one_that_changes_words_goes_ahead() -> Result<()> {
    let rig = Rig::start()?;
    let (key, stolen) = (publisher_key(1), publisher_key(2));
    let component = std::fs::read(guest_component()?)?;
    let packed = |version: usize, change: fn(&mut Manifest)| -> Result<Vec<u8>> {
        let mut manifest = base()?;
        change(&mut manifest);
        manifest.version = format!("0.1.{version}");
        Ok(package::pack(&component, &manifest)?)
    };
    let post = |bytes: &[u8], key| {
        let document = signature_of(bytes, key)?.to_json();
        post_signed(&rig.operator, bytes, Some(document.as_bytes()), None)
    };
    let first = packed(0, |_| ())?;
    let document = signature_of(&first, &key)?.to_json();
    let trust = key.public().fingerprint();
    let base = post_signed(&rig.operator, &first, Some(document.as_bytes()), Some(&trust))?.expect(201)?;
    let base = base.text_at("/release/id")?;

    let tenant = rig.tenant("A")?;
    let fields = json!({ "token": "0123456789abcdef", "choice": "paged:1:https://echo.example/echo", "place": "eu" });
    let body = json!({ "connector": "patchbay.guests", "auth": "token", "fields": fields });
    let connection = tenant.api.post("/v1/connections", &body)?.expect(201)?.text_at("/id")?;
    assert_eq!(tenant.first_run(&connection)?["release"], json!(base));
    let active = || -> Result<Value> {
        let all = rig.operator.get("/v1/connectors")?.expect(200)?.array_at("/items")?;
        Ok(all.first().map(|connector| connector["active"]["id"].clone()).unwrap_or_default())
    };

    let mut held = 0;
    let mut wrong: Vec<String> = Vec::new();
    for (number, Update(told, change)) in UPDATES.iter().enumerate() {
        let answer = post(&packed(number + 1, *change)?, &key)?;
        if answer.status != 201 {
            wrong.push(format!("{told}: {}", answer.text()));
            continue;
        }
        let beyond = answer.array_at("/asks_beyond")?;
        let named = beyond.iter().any(|line| line.as_str().is_some_and(|line| line.contains(told)));
        let waits = answer.json["release"]["state"] == json!("ready") && active()? == json!(base);
        if named && waits {
            held += 1;
        } else {
            wrong.push(format!("{told}: {}", answer.text()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "{held} were held");
    // One more, which changes nothing but who signed it.
    let other = post(&packed(UPDATES.len() + 1, words)?, &stolen)?.expect(201)?;
    assert_eq!(other.text_at("/release/state")?, "ready");
    assert!(other.text().contains("another key of patchbay"), "{}", other.text());
    println!("{} of {} updates that add one power were held for approval", held + 1, UPDATES.len() + 1);

    let run = tenant.ended(&tenant.run(&tenant.sync(&connection, "chosen")?)?)?;
    assert_eq!((&run["state"], &run["release"]), (&json!("done"), &json!(base)), "{run}");
    let answer = post(&packed(UPDATES.len() + 2, words)?, &key)?.expect(201)?;
    assert_eq!(answer.text_at("/release/state")?, "active", "{}", answer.text());
    let run = tenant.ended(&tenant.run(&tenant.sync(&connection, "chosen")?)?)?;
    assert_eq!((&run["state"], &run["release"]), (&json!("done"), &answer.json["release"]["id"]), "{run}");
    Ok(())
}

/// The connector that was approved reads; the update would write, for the first time.
#[test]
fn a_first_write_waits() -> Result<()> {
    let rig = Rig::start()?;
    let reads = Variant::of_fake("ledger")?;
    rig.install(reads.pack()?)?;
    let mut manifest = reads.manifest.clone();
    "9.0.0".clone_into(&mut manifest.version);
    manifest.actions.push(Variant::of_guests("0.1.0")?.manifest.actions.remove(0));
    let answer = rig.post(package::pack(&std::fs::read(guest_component()?)?, &manifest)?)?.expect(201)?;
    assert_eq!(answer.text_at("/release/state")?, "ready");
    assert!(answer.text().contains("writes to the provider, which it did not before"), "{}", answer.text());
    Ok(())
}

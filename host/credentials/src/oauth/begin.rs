//! The start of a login: where the browser goes, and what is kept until it comes back.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use oauth2::{
    AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, basic::BasicClient,
};
use patchbay_model::{Code, Fault, Random, Secret, manifest::Auth};
use sha2::{Digest, Sha256};
use url::Url;
use zeroize::Zeroizing;

use super::{Client, fill, grant};

/// What this side sets in the authorize address; a manifest may not.
const OURS: [&str; 9] = [
    "response_type",
    "client_id",
    "state",
    "redirect_uri",
    "scope",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
];

/// A login that has begun.
pub struct Begin {
    /// Where the browser has to go. Holds the state: not for a log.
    pub address: Url,
    /// 256 random bits, base64url. Lives in the address only; keep the hash.
    pub state: Secret,
    /// SHA-256 of the state's text: what the attempt is found by.
    pub state_hash: [u8; 32],
    /// The PKCE verifier, to be sealed with the attempt; none where the manifest opts out.
    pub verifier: Option<Secret>,
}

impl fmt::Debug for Begin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begin").field("host", &self.address.host_str()).finish_non_exhaustive()
    }
}

/// Begins a login. `facts` are the entered fields that the address may name.
///
/// # Errors
/// `ManifestInvalid` when the manifest has no usable `authorize`; `ClientMissing` when the client's
/// redirect address cannot be read.
pub fn begin(
    auth: &Auth,
    client: &Client,
    facts: &BTreeMap<String, String>,
    random: &dyn Random,
) -> Result<Begin, Fault> {
    let manifest =
        |why: String| Fault::because(Code::ManifestInvalid, "This connector's login cannot be started").operator(why);
    let authorize = auth.authorize.as_ref().ok_or_else(|| manifest("there is no `authorize`".to_owned()))?;
    let values = auth.placeholders(facts);
    let base =
        fill::address(auth, &authorize.url, &values, &[]).map_err(|why| manifest(format!("authorize.url: {why}")))?;
    let own_names = base.query_pairs().map(|(name, _)| name.into_owned()).chain(authorize.params.keys().cloned());
    for name in own_names {
        if OURS.contains(&name.as_str()) {
            return Err(manifest(format!("authorize sets `{name}`, which only the host sets")));
        }
    }
    // Never a secret here: the browser sees the address.
    let host = [("client_id", client.id.as_str()), ("redirect_uri", client.redirect_uri.as_str())];
    let params = authorize.params.iter().map(|(name, template)| {
        fill::parameter(template, &host, &values)
            .map(|value| (name.clone(), value.to_string()))
            .map_err(|why| manifest(format!("authorize.params.{name}: {why}")))
    });
    let params = params.collect::<Result<Vec<_>, _>>()?;
    let redirect = RedirectUrl::new(client.redirect_uri.clone()).map_err(|error| {
        Fault::new(Code::ClientMissing).operator(format_args!("its redirect address cannot be read: {error}"))
    })?;

    let state = random_text(random);
    let verifier = auth.pkce.then(|| random_text(random));
    let provider = BasicClient::new(ClientId::new(client.id.clone()))
        .set_auth_uri(AuthUrl::from_url(base))
        .set_redirect_uri(redirect);
    let mut asking = provider.authorize_url(|| CsrfToken::new(state.expose().to_owned()));
    if !auth.scopes.is_empty() {
        // One text, since the crate joins several with a space.
        asking = asking.add_scope(Scope::new(grant::scope(auth)));
    }
    if let Some(verifier) = &verifier {
        let verifier = PkceCodeVerifier::new(verifier.expose().to_owned());
        asking = asking.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    }
    for (name, value) in params {
        asking = asking.add_extra_param(name, value);
    }
    let (address, _) = asking.url();
    Ok(Begin { address, state_hash: hash(state.expose()), state, verifier })
}

/// What an attempt is stored and found by.
pub(super) fn hash(state: &str) -> [u8; 32] {
    Sha256::digest(state.as_bytes()).into()
}

/// 256 random bits in 43 letters, as long as RFC 7636 wants a verifier at least.
fn random_text(random: &dyn Random) -> Secret {
    let mut bytes = Zeroizing::new([0; 32]);
    random.fill(bytes.as_mut_slice());
    Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

#[cfg(test)]
mod tests {
    use patchbay_model::SeededRandom;

    use super::*;
    use crate::oauth::script::{books, client, region, spread};

    fn begun(auth: &Auth) -> Begin {
        begin(auth, &client(), &BTreeMap::new(), &SeededRandom::new(1)).expect("begun")
    }

    fn pairs(url: &Url) -> Vec<(String, String)> {
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }

    #[test]
    fn the_authorize_address_holds_what_the_standard_and_the_manifest_say() {
        let begun = begun(&books());
        assert_eq!(begun.address.origin().ascii_serialization(), "https://login.books.example");
        assert_eq!(begun.address.path(), "/oauth/authorize");
        let challenge =
            URL_SAFE_NO_PAD.encode(Sha256::digest(begun.verifier.as_ref().expect("a verifier").expose().as_bytes()));
        let state = begun.state.expose().to_owned();
        let expected = [
            ("response_type", "code"),
            ("client_id", "client-1"),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("redirect_uri", "https://pb.example.com/oauth/callback/cli_1"),
            ("scope", "user:profile administration:read"),
            ("prompt", "consent"),
        ];
        let expected: Vec<_> = expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(pairs(&begun.address), expected);
    }

    #[test]
    fn scopes_are_joined_as_the_provider_wants_them() {
        for (separator, expected) in [(None, "a b"), (Some(","), "a,b"), (Some(", "), "a, b")] {
            let mut auth = books();
            auth.scope_separator = separator.map(str::to_owned);
            auth.scopes.iter_mut().zip(["a", "b"]).for_each(|(scope, name)| scope.name = name.to_owned());
            let pairs = pairs(&begun(&auth).address);
            assert!(pairs.contains(&("scope".to_owned(), expected.to_owned())), "{pairs:?}");
            auth.scopes.clear();
            assert!(!begun(&auth).address.as_str().contains("scope"));
        }
    }

    #[test]
    fn a_region_that_a_field_chose_decides_where_the_browser_goes() {
        let mut auth = spread();
        url(&mut auth, "https://{region.accounts}/oauth/v2/auth");
        let begin = |facts: &BTreeMap<String, String>| begin(&auth, &client(), facts, &SeededRandom::new(1));
        let begun = begin(&region("eu")).expect("begun");
        assert_eq!(begun.address.host_str(), Some("accounts.books.example.eu"));
        for facts in [BTreeMap::new(), region("mars"), region("evil.example")] {
            assert_eq!(begin(&facts).expect_err("no region").code, Code::ManifestInvalid);
        }
    }

    #[test]
    fn state_and_verifier_are_256_random_bits_each_and_never_the_same() {
        let random = SeededRandom::new(1);
        let begin = || begin(&books(), &client(), &BTreeMap::new(), &random).expect("begun");
        let (one, two) = (begin(), begin());
        let texts =
            [&one, &two].map(|b| [b.state.expose().to_owned(), b.verifier.as_ref().expect("one").expose().to_owned()]);
        let all: std::collections::BTreeSet<_> = texts.iter().flatten().collect();
        assert_eq!(all.len(), 4);
        for text in all {
            assert_eq!(URL_SAFE_NO_PAD.decode(text).expect("base64url").len(), 32);
        }
        assert_eq!(one.state_hash, <[u8; 32]>::from(Sha256::digest(one.state.expose())));
    }

    #[test]
    fn a_provider_that_rejects_pkce_is_sent_none() {
        let mut auth = books();
        auth.pkce = false;
        let begun = begun(&auth);
        assert!(begun.verifier.is_none());
        assert!(!begun.address.as_str().contains("challenge"));
    }

    #[test]
    fn a_manifest_cannot_set_what_the_host_sets_nor_send_the_secret_to_the_browser() {
        let tries: [fn(&mut Auth); 7] = [
            |auth| auth.authorize = None,
            |auth| set(auth, "state", "fixed"),
            |auth| set(auth, "redirect_uri", "https://evil.example"),
            |auth| set(auth, "x", "{client_secret}"),
            |auth| url(auth, "https://login.books.example/oauth/authorize?response_type=token"),
            |auth| url(auth, "javascript:alert(1)"),
            |auth| url(auth, "https://{nobody}.books.example/oauth/authorize"),
        ];
        for (at, change) in tries.iter().enumerate() {
            let mut auth = books();
            change(&mut auth);
            let fault = begin(&auth, &client(), &BTreeMap::new(), &SeededRandom::new(1)).expect_err("refused");
            assert_eq!(fault.code, Code::ManifestInvalid, "try {at}");
        }
    }

    fn set(auth: &mut Auth, name: &str, value: &str) {
        auth.authorize.as_mut().expect("authorize").params.insert(name.to_owned(), value.to_owned());
    }

    fn url(auth: &mut Auth, url: &str) {
        auth.authorize.as_mut().expect("authorize").url = url.to_owned();
    }

    #[test]
    fn the_address_and_the_state_do_not_print_themselves() {
        let begun = begun(&books());
        let printed = format!("{begun:?}");
        assert!(!printed.contains(begun.state.expose()), "{printed}");
    }
}

//! The host's own HTTP API, called from a terminal beside it.
//!
//! Plain HTTP only: this client sends an operator key, and is meant for loopback or a private network; the
//! public address is for browsers. What the host answers is read with a bound.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use patchbay_model::{Code, Fault, Secret};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    config::Config,
    exit::{Exit, Stop},
    operator_key,
};

const LARGEST_ANSWER: u64 = 16 * 1024 * 1024;
const LONGEST: Duration = Duration::from_secs(180);

/// Which host, and with which key.
#[derive(Debug, clap::Args)]
pub(super) struct HostArgs {
    /// The host's address, e.g. http://127.0.0.1:7878; the configured one when it is not given.
    #[arg(long, value_name = "URL", global = true)]
    host: Option<Url>,
    /// The file that holds an operator key; {data_dir}/operator.key when it is not given.
    #[arg(long, value_name = "FILE", global = true)]
    key_file: Option<PathBuf>,
}

/// A host and a key to it.
pub(super) struct Client {
    agent: ureq::Agent,
    host: Url,
    key: Secret,
    tenant: Option<String>,
}

/// The header by which an operator names the tenant that a call is about.
const TENANT: &str = "patchbay-tenant";

/// What an error answer says (RFC 9457, as our API writes it).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    code: String,
    title: String,
    detail: Option<String>,
    errors: Vec<ProblemField>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ProblemField {
    pointer: String,
    detail: String,
}

impl Client {
    /// Finds address and key.
    pub(super) fn of(args: HostArgs, config_file: Option<&Path>) -> Result<Self, Stop> {
        // A configuration that is not needed does not have to be right.
        let config =
            if args.host.is_some() && args.key_file.is_some() { None } else { Some(Config::load(config_file)?) };
        let host = match (args.host, &config) {
            (Some(host), _) => host,
            (None, Some(config)) => local(config.listen)?,
            (None, None) => return Err(usage("--host is missing")),
        };
        if host.scheme() != "http" {
            return Err(usage("--host has to begin with http://: call the host from its own machine or network"));
        }
        let key_file = match (args.key_file, &config) {
            (Some(path), _) => path,
            (None, Some(config)) => operator_key::path(&config.data_dir),
            (None, None) => return Err(usage("--key-file is missing")),
        };
        let key = operator_key::read(&key_file).map_err(|error| Stop {
            exit: Exit::NotAllowed,
            fault: Fault::because(Code::Unauthenticated, no_key(&key_file, &error.to_string())),
        })?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(LONGEST))
            .build()
            .into();
        Ok(Self { agent, host, key, tenant: None })
    }

    /// A host that this program started.
    pub(super) fn to(host: Url, key_file: PathBuf) -> Result<Self, Stop> {
        Self::of(HostArgs { host: Some(host), key_file: Some(key_file) }, None)
    }

    /// The same host, asked about one tenant.
    pub(super) fn for_tenant(self, tenant: Option<&str>) -> Self {
        Self { tenant: tenant.map(str::to_owned), ..self }
    }

    /// `GET path`, JSON.
    pub(super) fn get(&self, path: &str) -> Result<Value, Stop> {
        let url = self.url(path)?;
        self.answer(self.told(self.agent.get(url.as_str())).call())
    }

    /// `DELETE path`, answered in JSON or with nothing, which is null.
    pub(super) fn delete(&self, path: &str) -> Result<Value, Stop> {
        let url = self.url(path)?;
        match self.told(self.agent.delete(url.as_str())).call() {
            Ok(answer) if answer.status().as_u16() == 204 => Ok(Value::Null),
            answer => self.answer(answer),
        }
    }

    /// `PATCH path` with bytes, answered in JSON.
    pub(super) fn patch(&self, path: &str, media_type: &str, body: &[u8]) -> Result<Value, Stop> {
        let url = self.url(path)?;
        self.answer(self.told(self.agent.patch(url.as_str())).content_type(media_type).send(body))
    }

    /// `PUT path` with bytes, answered in JSON.
    pub(super) fn put(&self, path: &str, media_type: &str, body: &[u8]) -> Result<Value, Stop> {
        let url = self.url(path)?;
        self.answer(self.told(self.agent.put(url.as_str())).content_type(media_type).send(body))
    }

    /// `POST path` with bytes, answered in JSON.
    pub(super) fn post(&self, path: &str, media_type: &str, body: &[u8]) -> Result<Value, Stop> {
        self.post_with(path, media_type, &[], body)
    }

    /// The same, with headers.
    pub(super) fn post_with(
        &self,
        path: &str,
        media_type: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Value, Stop> {
        let url = self.url(path)?;
        let request = self.told(self.agent.post(url.as_str())).content_type(media_type);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.answer(request.send(body))
    }

    /// The request with who asks, and about whom.
    fn told<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        let request = request.header("authorization", self.bearer());
        match &self.tenant {
            Some(tenant) => request.header(TENANT, tenant),
            None => request,
        }
    }

    fn url(&self, path: &str) -> Result<Url, Stop> {
        self.host.join(path).map_err(|error| usage(&format!("no address for {path}: {error}")))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.key.expose())
    }

    fn answer(&self, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value, Stop> {
        let mut answer = answer.map_err(|error| self.unreachable(&error))?;
        let status = answer.status().as_u16();
        let bytes = answer
            .body_mut()
            .with_config()
            .limit(LARGEST_ANSWER)
            .read_to_vec()
            .map_err(|error| self.unreachable(&error))?;
        if (200..300).contains(&status) {
            return serde_json::from_slice(&bytes).map_err(|_| self.strange(status));
        }
        let problem: Problem = serde_json::from_slice(&bytes).map_err(|_| self.strange(status))?;
        Err(refusal(status, problem))
    }

    fn unreachable(&self, error: &ureq::Error) -> Stop {
        let text = format!("{} does not answer: {error}; is `patchbay serve` running there?", self.host);
        Stop { exit: Exit::Unreachable, ..Stop::failed(text) }
    }

    fn strange(&self, status: u16) -> Stop {
        let text = format!("{} answers {status} with something that is not Patchbay's API", self.host);
        Stop { exit: Exit::Unreachable, ..Stop::failed(text) }
    }
}

/// An error answer as the end of a command.
fn refusal(status: u16, problem: Problem) -> Stop {
    let exit = match status {
        401 | 403 => Exit::NotAllowed,
        400..=499 => Exit::Refused,
        _ => Exit::Failed,
    };
    let text = match problem.detail {
        Some(detail) if !problem.title.is_empty() && detail != problem.title => {
            format!("{}: {detail}", problem.title)
        }
        Some(detail) => detail,
        None => problem.title,
    };
    let mut fault = Fault::because(Code::from_id(&problem.code).unwrap_or(Code::Internal), text);
    for field in problem.errors {
        fault = fault.field(field.pointer, field.detail);
    }
    Stop { exit, fault }
}

/// What to do where no key can be read.
fn no_key(file: &Path, error: &str) -> String {
    format!(
        "no operator's key at {} ({error}): a host makes it at its first start; run `patchbay serve` in another terminal \
         and this command from the same folder, or name the key with --key-file",
        file.display()
    )
}

/// The address to call for an address listened on: everywhere means here.
fn local(listen: SocketAddr) -> Result<Url, Stop> {
    if listen.port() == 0 {
        return Err(usage("the configuration leaves the port open; say --host http://127.0.0.1:PORT"));
    }
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let address = SocketAddr::new(ip, listen.port());
    Url::parse(&format!("http://{address}/")).map_err(|error| usage(&error.to_string()))
}

fn usage(text: &str) -> Stop {
    Stop { exit: Exit::Usage, ..Stop::failed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_listens_everywhere_is_called_here() {
        let called = |listen: &str| local(listen.parse().expect("an address")).expect("an address").to_string();
        assert_eq!(called("0.0.0.0:80"), "http://127.0.0.1/");
        assert_eq!(called("[::]:7878"), "http://[::1]:7878/");
        assert_eq!(called("10.0.0.7:7878"), "http://10.0.0.7:7878/");
        assert_eq!(local("127.0.0.1:0".parse().expect("an address")).expect_err("no port").exit, Exit::Usage);
    }

    #[test]
    fn a_request_carries_the_key_and_the_tenant_that_it_is_about() {
        let folder = tempfile::tempdir().expect("a folder");
        let key_file = folder.path().join("operator.key");
        operator_key::write(&key_file, &Secret::new("pbo_one")).expect("written");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = Url::parse(&format!("http://{}", listener.local_addr().expect("an address"))).expect("an address");
        let served = std::thread::spawn(move || {
            let (mut client, _) = listener.accept().expect("a client");
            let mut asked = [0; 4096];
            let length = std::io::Read::read(&mut client, &mut asked).expect("a request");
            std::io::Write::write_all(&mut client, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").expect("sent");
            String::from_utf8_lossy(&asked[..length]).to_lowercase()
        });
        let client = Client::of(HostArgs { host: Some(host), key_file: Some(key_file) }, None).expect("a client");
        client.for_tenant(Some("ten_1")).get("/v1/audit?limit=5").expect("an answer");
        let asked = served.join().expect("served");
        for part in ["get /v1/audit?limit=5 ", "authorization: bearer pbo_one\r\n", "patchbay-tenant: ten_1\r\n"] {
            assert!(asked.contains(part), "{part:?} not in {asked}");
        }
    }

    #[test]
    fn a_key_that_is_not_there_is_missed_with_how_to_get_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let host = Url::parse("http://127.0.0.1:1").expect("an address");
        let args = HostArgs { host: Some(host), key_file: Some(folder.path().join("operator.key")) };
        let stop = Client::of(args, None).map(|_| ()).expect_err("no key");
        assert_eq!((stop.exit, stop.fault.code), (Exit::NotAllowed, Code::Unauthenticated));
        for part in ["operator.key", "`patchbay serve`", "--key-file"] {
            assert!(stop.fault.person.contains(part), "{part} not in {}", stop.fault.person);
        }
    }

    #[test]
    fn a_problem_keeps_its_code_and_its_fields() {
        let problem = Problem {
            code: "PB1005".to_owned(),
            title: "The manifest is wrong".to_owned(),
            detail: Some("three lines".to_owned()),
            errors: vec![ProblemField { pointer: "line 3".to_owned(), detail: "no such key".to_owned() }],
        };
        let stop = refusal(422, problem);
        assert_eq!((stop.exit, stop.fault.code), (Exit::Refused, Code::ManifestInvalid));
        assert_eq!(stop.fault.person, "The manifest is wrong: three lines");
        assert_eq!(stop.fault.fields.len(), 1);
        assert_eq!(refusal(401, Problem::default()).exit, Exit::NotAllowed);
    }
}

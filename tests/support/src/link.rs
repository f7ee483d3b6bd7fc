//! The host's own journey of a connect session, as a person clicks through it.

use crate::{Browser, Page, Result, Trouble};

impl Browser {
    /// Opens the address of a session, starts it, chooses the connector where there is a choice, and sends the
    /// review with these fields. What comes back leads to the provider ([`Page::location`]), or is the host's
    /// next page where nobody has to be asked there.
    ///
    /// # Errors
    ///
    /// A page of the journey is not there; the text shows the one that came instead.
    pub fn link(&mut self, address: &str, connector: &str, fields: &[(&str, &str)]) -> Result<Page> {
        let review = self.review(address, connector)?;
        self.authorise(&review, fields)
    }

    /// The same as far as the page from which the login begins: the one that shows what will be shared, or the form
    /// behind it where something has to be entered.
    ///
    /// # Errors
    ///
    /// As [`Browser::link`].
    pub fn review(&mut self, address: &str, connector: &str) -> Result<Page> {
        let landing = self.open(address)?;
        let host = landing.url.origin().ascii_serialization();
        // The browser that started the session is led on without a click.
        let landing = self.settle_at(landing, &[&host])?;
        let page = if landing.form_named("start").is_ok() || landing.url.as_str() == address {
            let started = self.submit_named(&landing, "start", &[])?;
            self.settle_at(started, &[&host])?
        } else {
            landing
        };
        let review = self.open(step(&page, "review", connector).as_str())?;
        if review.form_named("login").is_ok() {
            return Ok(review);
        }
        let form = self.open(step(&page, "connect", connector).as_str())?;
        form.form_named("login")?;
        Ok(form)
    }

    /// Sends the review.
    ///
    /// # Errors
    ///
    /// It is none, or there was no answer.
    pub fn authorise(&mut self, review: &Page, fields: &[(&str, &str)]) -> Result<Page> {
        let host = review.url.origin().ascii_serialization();
        let sent = self.submit_named(review, "login", fields)?;
        self.settle_at(sent, &[&host])
    }

    /// Opens the callback that the provider's page leads to, and follows to the host's last page; not beyond.
    ///
    /// # Errors
    ///
    /// The page leads nowhere, or there was no answer.
    pub fn return_to(&mut self, back: &Page) -> Result<Page> {
        let called = self.follow(back)?;
        let host = called.url.origin().ascii_serialization();
        self.settle_at(called, &[&host])
    }

    /// Presses the button of the last page; the completion code that the tenant's address is told, as
    /// [`Page::told`] of the redirect.
    ///
    /// # Errors
    ///
    /// There is no button, or it does not lead to another site.
    pub fn finish(&mut self, last: &Page) -> Result<Page> {
        let host = last.url.origin().ascii_serialization();
        let left = self.submit_named(last, "finish", &[])?;
        let left = self.settle_at(left, &[&host])?;
        match left.location() {
            Some(_) => Ok(left),
            None => Err(Trouble::new(format!("{} leads nowhere: {} {}", left.url, left.status, left.text))),
        }
    }
}

/// The address of a step of the session that a page belongs to.
fn step(page: &Page, step: &str, connector: &str) -> url::Url {
    let mut address = page.url.clone();
    let session: Vec<&str> = page.url.path().split('/').take(4).collect();
    address.set_path(&format!("{}/{step}", session.join("/")));
    address.query_pairs_mut().clear().append_pair("connector", connector);
    address
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Read, Write},
        net::{TcpListener, TcpStream},
        sync::{Arc, Mutex},
    };

    use super::*;

    const JOURNEY: &str = "/link/session/ses_1";

    fn page(form: &str) -> String {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{form}", form.len())
    }

    fn to(address: &str) -> String {
        let cookie = "set-cookie: link=1; Path=/\r\n";
        format!(
            "HTTP/1.1 303 See Other\r\nlocation: {address}\r\n{cookie}content-length: 0\r\nconnection: close\r\n\r\n"
        )
    }

    fn answer(asked: &str) -> String {
        match asked.split_once('?').map_or(asked, |(path, _)| path) {
            "GET /link/token" => page("<form id=start method=post><button>Start</button></form>"),
            "POST /link/token" => to(JOURNEY),
            "GET /link/session/ses_1" => page("<form id=search><input name=q></form>"),
            "GET /link/session/ses_1/review" if asked.contains("connector=acme.books") => page("<a>Continue</a>"),
            "GET /link/session/ses_1/connect" if asked.contains("connector=acme.books") => {
                page("<form id=login method=post><input name=user></form>")
            }
            "POST /link/session/ses_1/connect" => to("http://provider.example/authorize?state=s"),
            "GET /oauth/callback/cli_1" => to("/link/session/ses_1/done"),
            "GET /link/session/ses_1/done" => {
                page("<form id=finish method=post action=\"/link/session/ses_1/finish\"></form>")
            }
            "POST /link/session/ses_1/finish" => to("https://app.example/back?code=once"),
            _ => "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
        }
    }

    /// Reads one request: its first words, its headers, its body.
    fn serve(stream: &TcpStream, seen: &Mutex<Vec<(String, String)>>) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let asked = head.lines().next()?.rsplit_once(' ')?.0.to_owned();
        let mut out = stream;
        // Written down first: whoever has the answer looks for it.
        seen.lock().ok()?.push((asked.clone(), format!("{head}{}", String::from_utf8_lossy(&body))));
        out.write_all(answer(&asked).as_bytes()).ok()
    }

    #[test]
    fn a_person_goes_through_the_pages_to_the_provider_and_back_with_a_code() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(std::result::Result::ok) {
                serve(&stream, &shared);
            }
        });
        let mut browser = Browser::default();
        let away = browser.link(&format!("{host}/link/token"), "acme.books", &[("user", "els")]).expect("the journey");
        assert_eq!(away.told("state").as_deref(), Some("s"));
        let back =
            Page { headers: [("location".to_owned(), format!("{host}/oauth/callback/cli_1?code=c"))].into(), ..away };
        let last = browser.return_to(&back).expect("the last page");
        assert!(last.url.path().ends_with("/done"), "{}", last.url);
        let left = browser.finish(&last).expect("the tenant's address");
        assert_eq!(left.told("code").as_deref(), Some("once"));
        let forged = browser.forge("https://evil.example", &format!("{host}/link/token"), &[]).expect("an answer");
        assert_eq!(forged.status, 303, "this host does not look");
        let seen = seen.lock().expect("no panic").clone();
        let sent =
            |asked: &str| seen.iter().filter(|(one, _)| one.starts_with(asked)).map(|(_, all)| all.clone()).next_back();
        let review = sent("POST /link/session/ses_1/connect").expect("it was sent");
        assert!(review.ends_with("user=els") && review.contains("cookie: link=1"), "{review}");
        assert!(review.to_ascii_lowercase().contains(&format!("origin: {host}")), "{review}");
        assert!(sent("POST /link/token").is_some_and(|forged| forged.contains("https://evil.example")));
    }
}

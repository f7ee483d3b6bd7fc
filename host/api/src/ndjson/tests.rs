use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::extract::Request;
use futures_util::StreamExt;
use patchbay_model::Code;
use serde_json::value::RawValue;

use super::*;
use crate::body::bytes;

fn page(rows: &[&str], next: Option<&str>) -> Page<String> {
    Page { items: rows.iter().map(|&row| row.to_owned()).collect(), next: next.map(str::to_owned) }
}

fn raw(row: String) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(row).map_err(|error| Problem(Fault::new(Code::Internal).operator(error)))
}

async fn whole(response: Response) -> Option<String> {
    let read = bytes(Request::new(response.into_body()), &()).await.ok()?;
    String::from_utf8(read.to_vec()).ok()
}

#[tokio::test]
async fn each_row_is_one_line_however_it_was_written() {
    let next = |after: String| async move {
        assert_eq!(after, "2");
        Ok(page(&["{\r\n  \"a\": \"\\n\"\n}"], None))
    };
    let response = lines(page(&["{ \"b\":1.50 }", "7"], Some("2")), next, raw);
    assert_eq!(response.headers()[header::CONTENT_TYPE], NDJSON);
    let text = whole(response).await.expect("a whole answer");
    assert_eq!(text, "{ \"b\":1.50 }\n7\n{    \"a\": \"\\n\" }\n");
}

#[tokio::test]
async fn no_rows_are_no_lines_and_a_page_without_rows_is_not_the_end() {
    let none = |_: String| async { Ok(page(&[], None)) };
    assert_eq!(whole(lines(page(&[], None), none, raw)).await.as_deref(), Some(""));
    let next = |after: String| async move { Ok(if after == "1" { page(&[], Some("2")) } else { page(&["7"], None) }) };
    assert_eq!(whole(lines(page(&[], Some("1")), next, raw)).await.as_deref(), Some("7\n"));
}

#[tokio::test]
async fn half_an_export_does_not_look_like_a_whole_one() {
    let fails = |_: String| async { Err(Fault::new(Code::StorageFailed).operator("disk I/O error")) };
    assert_eq!(whole(lines(page(&["7"], Some("1")), fails, raw)).await, None);
    let odd = |_: String| async { Ok(page(&["7", "{"], None)) };
    assert_eq!(whole(lines(page(&["7"], Some("1")), odd, raw)).await, None);
}

#[tokio::test]
async fn a_page_is_read_when_the_one_before_was_taken_and_none_after_the_client_went() {
    let read = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&read);
    let next = move |_: String| {
        counted.fetch_add(1, Ordering::Relaxed);
        async { Ok(page(&["8"], Some("on"))) }
    };
    let mut body = lines(page(&["7"], Some("on")), next, raw).into_body().into_data_stream();
    let mut taken = async || body.next().await.and_then(Result::ok).expect("a piece");
    assert_eq!((&taken().await[..], read.load(Ordering::Relaxed)), (b"7\n".as_slice(), 0));
    assert_eq!((&taken().await[..], read.load(Ordering::Relaxed)), (b"8\n".as_slice(), 1));
    drop(body);
    tokio::task::yield_now().await;
    assert_eq!(read.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_page_of_long_rows_is_sent_in_pieces() {
    let long = format!("\"{}\"", "x".repeat(PIECE));
    let none = |_: String| async { Ok(page(&[], None)) };
    let body = lines(page(&[&long, &long, "7"], None), none, raw).into_body().into_data_stream();
    let lengths: Vec<usize> = body.map(|piece| piece.expect("a piece").len()).collect().await;
    assert_eq!(lengths, [PIECE + 3, PIECE + 3, 2]);
}

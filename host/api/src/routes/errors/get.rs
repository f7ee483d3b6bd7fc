//! `GET /errors/{code}`

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use patchbay_model::Code;

use crate::{
    body::InPath,
    problem::{Problem, Refusal},
};

/// The page of an error code: what happened, what it means, what to do. Needs no key.
#[utoipa::path(
    get, path = "/errors/{code}", tag = "host", operation_id = "getErrorPage",
    params(("code" = String, Path, description = "The code", example = "PB5005")),
    responses((status = 200, description = "The page, Markdown", body = String, content_type = "text/markdown"), Refusal),
    security(())
)]
pub(crate) async fn handler(InPath(code): InPath<String>) -> Result<Response, Problem> {
    let code = Code::from_id(&code).ok_or_else(|| Problem::of(Code::NotFound))?;
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], code.page()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_problem_links_to_a_page_that_exists() {
        let answer = handler(InPath("pb4004".to_owned())).await.ok().expect("a page");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/markdown; charset=utf-8");
        assert!(handler(InPath("PB9999".to_owned())).await.is_err());
    }
}

//! What is served to those that only read.

use sockeye::protocol::http::{Request, Response, Status};

/// The page at `/`.
pub(super) fn page(request: &Request<'_>) -> Response {
    plain(request, || {
        let response = Response::new(Status::OK).with_body("text/html; charset=utf-8", PAGE);
        PAGE_HEADERS
            .iter()
            .try_fold(response.expect("a type that is written in this file"), |response, header| {
                response.with_header(header.0, header.1)
            })
            .expect("headers that are written in this file")
    })
}

/// A response to those that only read.
pub(super) fn plain(request: &Request<'_>, respond: impl FnOnce() -> Response) -> Response {
    match request.method() {
        "GET" | "HEAD" => respond(),
        _ => Response::text(Status::METHOD_NOT_ALLOWED, "expected GET or HEAD\n")
            .with_header("Allow", "GET, HEAD")
            .expect("a header that is written in this file"),
    }
}

const PAGE: &[u8] = include_bytes!("../page.html");

/// The page's own policy names the hashes of its script and its style; this is what a policy in a page cannot say.
const PAGE_HEADERS: &[(&str, &str)] = &[
    ("Cache-Control", "no-cache"),
    ("Content-Security-Policy", "frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
];

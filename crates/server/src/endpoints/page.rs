//! What is served to those that only read.

use sockeye::protocol::http::{Request, Response, Status};

/// A page that is served to people, whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page(&'static str);

/// The page at `/`: a chat. It is one file to who loads it, and several to who reads it.
pub(super) const CHAT: Page = Page(concat!(
    include_str!("../pages/chat/head.html"),
    include_str!("../pages/chat/style.css"),
    include_str!("../pages/chat/body.html"),
    include_str!("../pages/chat/connection.js"),
    include_str!("../pages/chat/told.js"),
    include_str!("../pages/chat/messages.js"),
    include_str!("../pages/chat/drawing.js"),
    include_str!("../pages/chat/rooms.js"),
    include_str!("../pages/chat/foot.html"),
));

/// The page at `/try`: topics and frames by hand.
pub(super) const TRY: Page = Page(include_str!("../pages/try.html"));

/// Serves a page.
pub(super) fn page(request: &Request<'_>, page: Page) -> Response {
    plain(request, || {
        let response =
            Response::new(Status::OK).with_body("text/html; charset=utf-8", page.0.as_bytes());
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

/// A page's own policy names the hashes of its script and its style; this is what a policy in a page cannot say.
const PAGE_HEADERS: &[(&str, &str)] = &[
    ("Cache-Control", "no-cache"),
    ("Content-Security-Policy", "frame-ancestors 'none'"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
];

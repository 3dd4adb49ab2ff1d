//! Plain responses, RFC 9112 section 4.

use sockeye::protocol::http::{
    HeadError, HeaderError, Persistence, RequestError, Response, Status,
};

#[test]
fn a_response_says_its_size_and_ends_the_connection() {
    let response = Response::text(Status::NOT_FOUND, "nothing here\n");
    let response = response.with_header("X-Sockeye", "up \u{2191}").unwrap();
    assert_eq!(
        encoded(&response, false),
        "HTTP/1.1 404 Not Found\r\nX-Sockeye: up \u{2191}\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Connection: close\r\nContent-Length: 13\r\n\r\nnothing here\n"
    );
}

#[test]
fn the_answer_to_head_has_the_size_of_a_body_that_is_not_there() {
    let response = Response::new(Status::OK);
    let response = response.with_body("text/html", b"<p>".as_slice()).unwrap();
    let head = encoded(&response, true);
    assert!(head.ends_with("Content-Length: 3\r\n\r\n"), "{head}");
    assert_eq!(encoded(&response, false), format!("{head}<p>"));
}

#[test]
fn a_body_that_is_set_again_replaces_the_first_with_its_type() {
    let response = Response::text(Status::OK, "first");
    let response = response.with_body("application/json", b"{}".to_vec()).unwrap();
    assert_eq!(response.body(), b"{}");
    let text = encoded(&response, false);
    assert_eq!(text.matches("Content-Type").count(), 1, "{text}");
    assert!(text.contains("Content-Type: application/json\r\n"), "{text}");
}

#[test]
fn statuses_without_content_send_none() {
    for status in [Status::NO_CONTENT, Status::NOT_MODIFIED] {
        let text = encoded(&Response::text(status, "no"), false);
        assert!(!text.contains("Content-Length"), "{text}");
        assert!(text.ends_with("\r\n\r\n"), "{text}");
    }
}

#[test]
fn upgrade_is_named_in_connection() {
    let response = Response::new(Status::UPGRADE_REQUIRED);
    let response = response.with_header("upgrade", "websocket").unwrap();
    let text = encoded(&response, false);
    assert!(text.contains("\r\nConnection: close, Upgrade\r\n"), "{text}");
}

#[test]
fn a_header_cannot_smuggle_in_another() {
    let response = || Response::new(Status::OK);
    for value in ["a\r\nX: b", "a\nb", "a\rb", "a\0b", "a\x7f"] {
        let error = response().with_header("X", value).unwrap_err();
        assert_eq!(error, HeaderError::ValueInvalid, "{value:?}");
        let error = response().with_body(value, b"".as_slice()).unwrap_err();
        assert_eq!(error, HeaderError::ValueInvalid, "{value:?}");
    }
    for name in ["", "a b", "a:", "a\r\n", "\u{e9}", "a\0"] {
        let error = response().with_header(name, "a").unwrap_err();
        assert_eq!(error, HeaderError::NameInvalid, "{name:?}");
    }
    for name in ["connection", "CONTENT-LENGTH", "Content-Type", "Transfer-Encoding"] {
        let error = response().with_header(name, "a").unwrap_err();
        assert_eq!(error, HeaderError::Reserved, "{name}");
    }
}

#[test]
fn a_refused_request_is_told_what_was_expected() {
    let error = RequestError::Head(HeadError::TooManyHeaders);
    let text = encoded(&error.response(), false);
    assert!(text.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\nat most 100 headers are accepted\n"), "{text}");
}

#[test]
fn a_status_has_three_digits() {
    assert_eq!(Status::new(99), None);
    assert_eq!(Status::new(600), None);
    assert_eq!(Status::new(404), Some(Status::NOT_FOUND));
    let unnamed = Response::new(Status::new(299).unwrap());
    assert!(encoded(&unnamed, false).starts_with("HTTP/1.1 299 \r\n"));
}

#[test]
fn values_stay_out_of_debug_output() {
    let response = Response::text(Status::OK, "secret");
    let response = response.with_header("Set-Cookie", "secret").unwrap();
    let debug = format!("{response:?}");
    assert!(debug.contains("Set-Cookie") && !debug.contains("secret"), "{debug}");
}

fn encoded(response: &Response, head_only: bool) -> String {
    let mut output = Vec::new();
    response.encode(head_only, Persistence::Close, &mut output);
    String::from_utf8(output).unwrap()
}

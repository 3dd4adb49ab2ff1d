//! Status codes, RFC 9110 section 15.

use std::fmt;

/// A status code, RFC 9110 section 15.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Status(u16);

impl Status {
    /// 100: the client may send the body that it announced.
    pub const CONTINUE: Self = Self(100);
    /// 101: the connection speaks another protocol from here on.
    pub const SWITCHING_PROTOCOLS: Self = Self(101);
    /// 200: here it is.
    pub const OK: Self = Self(200);
    /// 201: something new is there.
    pub const CREATED: Self = Self(201);
    /// 202: it will be done.
    pub const ACCEPTED: Self = Self(202);
    /// 204: done, and nothing to say about it.
    pub const NO_CONTENT: Self = Self(204);
    /// 304: what the client has is still right.
    pub const NOT_MODIFIED: Self = Self(304);
    /// 400: the request breaks a rule.
    pub const BAD_REQUEST: Self = Self(400);
    /// 401: credentials are needed.
    pub const UNAUTHORIZED: Self = Self(401);
    /// 403: not for this client, or this origin.
    pub const FORBIDDEN: Self = Self(403);
    /// 404: nothing is there.
    pub const NOT_FOUND: Self = Self(404);
    /// 405: what is there does not do this.
    pub const METHOD_NOT_ALLOWED: Self = Self(405);
    /// 406: nothing there is in a form that the client takes.
    pub const NOT_ACCEPTABLE: Self = Self(406);
    /// 408: the request did not arrive in time.
    pub const REQUEST_TIMEOUT: Self = Self(408);
    /// 409: it contradicts what is there.
    pub const CONFLICT: Self = Self(409);
    /// 410: it was there, and is not coming back.
    pub const GONE: Self = Self(410);
    /// 411: the size of the body has to be announced.
    pub const LENGTH_REQUIRED: Self = Self(411);
    /// 412: what is there is not what the client took for granted.
    pub const PRECONDITION_FAILED: Self = Self(412);
    /// 413: the body is larger than the server takes.
    pub const CONTENT_TOO_LARGE: Self = Self(413);
    /// 414: the request line is longer than the server takes.
    pub const TARGET_TOO_LONG: Self = Self(414);
    /// 415: the body is in a form that is not understood.
    pub const UNSUPPORTED_MEDIA_TYPE: Self = Self(415);
    /// 417: an expectation that the server does not know.
    pub const EXPECTATION_FAILED: Self = Self(417);
    /// 422: the body is understood, but what it asks for cannot be done.
    pub const UNPROCESSABLE_CONTENT: Self = Self(422);
    /// 426: what is there speaks another protocol.
    pub const UPGRADE_REQUIRED: Self = Self(426);
    /// 429: come back later.
    pub const TOO_MANY_REQUESTS: Self = Self(429);
    /// 431: the headers are larger or more than the server takes (RFC 6585 section 5).
    pub const HEAD_TOO_BIG: Self = Self(431);
    /// 500: the server's fault.
    pub const INTERNAL_SERVER_ERROR: Self = Self(500);
    /// 501: a method or coding that the server does not know.
    pub const NOT_IMPLEMENTED: Self = Self(501);
    /// 502: another server that is needed gave no usable answer.
    pub const BAD_GATEWAY: Self = Self(502);
    /// 503: the server is overloaded or goes down.
    pub const SERVICE_UNAVAILABLE: Self = Self(503);
    /// 504: another server that is needed gave no answer in time.
    pub const GATEWAY_TIMEOUT: Self = Self(504);
    /// 505: a version of HTTP that the server does not speak.
    pub const VERSION_UNSUPPORTED: Self = Self(505);

    /// The status with this number; `None` unless it has three digits and starts with 1 to 5.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        match number {
            100..600 => Some(Self(number)),
            _ => None,
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// The words that go with the number; empty for one without a constant here.
    #[must_use]
    pub const fn phrase(self) -> &'static str {
        match self.0 {
            100 => "Continue",
            101 => "Switching Protocols",
            200 => "OK",
            201 => "Created",
            202 => "Accepted",
            204 => "No Content",
            304 => "Not Modified",
            400 => "Bad Request",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            406 => "Not Acceptable",
            408 => "Request Timeout",
            409 => "Conflict",
            410 => "Gone",
            411 => "Length Required",
            412 => "Precondition Failed",
            413 => "Content Too Large",
            414 => "URI Too Long",
            415 => "Unsupported Media Type",
            417 => "Expectation Failed",
            422 => "Unprocessable Content",
            426 => "Upgrade Required",
            429 => "Too Many Requests",
            431 => "Request Header Fields Too Large",
            500 => "Internal Server Error",
            501 => "Not Implemented",
            502 => "Bad Gateway",
            503 => "Service Unavailable",
            504 => "Gateway Timeout",
            505 => "HTTP Version Not Supported",
            _ => "",
        }
    }

    /// Whether a response with this status may have content (RFC 9110 section 6.4.1).
    pub(super) const fn has_content(self) -> bool {
        self.0 >= 200 && self.0 != 204 && self.0 != 304
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.phrase())
    }
}

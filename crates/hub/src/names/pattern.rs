//! Patterns: channels by what their names begin with, or by whose they are.

use super::{NameError, UserName, is_forbidden};
use crate::limits::CHANNEL_NAME_SIZE_MAX;
use std::fmt;
use std::sync::Arc;

/// Channels by name: one, or all that begin in the same way (`news.*`). `{user}` stands for the name of the user who is
/// asked about, so that `inbox:{user}` is a channel of each user's own.
///
/// No channel is two users' own. In a pattern that goes on behind `{user}` a name has to end somewhere: at the character that
/// the pattern has there, or at a `:` if that is its `*`. Users with that character in their names have none of its channels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: Arc<str>,
    is_prefix: bool,
    has_user: bool,
}

impl Pattern {
    /// Reads a pattern. A `*` is its last character or none of them; `*` alone is every channel.
    ///
    /// # Errors
    ///
    /// [`NameError`]: what a pattern has to be.
    pub fn new(pattern: &str) -> Result<Self, NameError> {
        let (text, is_prefix) = match pattern.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (pattern, false),
        };
        let is_sound = !text.contains(|character| is_forbidden(character) || character == '*');
        let is_sized = (1..=CHANNEL_NAME_SIZE_MAX).contains(&pattern.len());
        let has_user = text.contains(USER);
        // What a wildcard covers is compared by prefix, which a name in the middle would make ambiguous.
        match is_sized && is_sound && text.matches(USER).count() <= 1 {
            true => Ok(Self { text: text.into(), is_prefix, has_user }),
            false => Err(NameError::Pattern),
        }
    }

    /// Whether the pattern is for more than one channel.
    #[must_use]
    pub const fn is_prefix(&self) -> bool {
        self.is_prefix
    }

    /// Whether it has `{user}`: its channels are each user's own.
    #[must_use]
    pub const fn has_user(&self) -> bool {
        self.has_user
    }

    /// What the names of its channels begin with, or the one name; with `{user}` if it has that.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a channel is one of them, asked for a user. Somebody without a name is not the user of any `{user}`.
    #[must_use]
    pub fn matches(&self, channel: &str, user: Option<&UserName>) -> bool {
        self.rest(channel, user).is_some_and(|rest| self.is_prefix || rest.is_empty())
    }

    /// Whether a channel is one of them for some user, whatever its name has in it: what looks like a channel of somebody's
    /// own is nobody else's, although that user may not have it either.
    #[must_use]
    pub fn matches_any_user(&self, channel: &str) -> bool {
        let Some((before, after)) = self.text.split_once(USER).filter(|_| self.has_user) else {
            return self.matches(channel, None);
        };
        let Some(rest) = channel.strip_prefix(before) else {
            return false;
        };
        match self.is_prefix {
            true => {
                let mut behind_the_first = rest.chars();
                behind_the_first.next().is_some() && behind_the_first.as_str().contains(after)
            }
            false => rest.strip_suffix(after).is_some_and(|user| !user.is_empty()),
        }
    }

    /// Whether all channels of `other`, which has no `{user}`, are among those of this one.
    #[must_use]
    pub fn covers(&self, other: &Self, user: Option<&UserName>) -> bool {
        if !other.is_prefix {
            return self.matches(&other.text, user);
        }
        // Without its end a name may be the beginning of another one.
        let is_whole = |rest: &str| !self.ends_in_user() || !rest.is_empty();
        self.is_prefix && self.rest(&other.text, user).is_some_and(is_whole)
    }

    /// Whether all channels of `other`, which has no `{user}`, are among those of this one for some user: for the one whose name
    /// is in it, as there cannot be two.
    #[must_use]
    pub fn covers_any_user(&self, other: &Self) -> bool {
        let Some((before, after)) = self.text.split_once(USER).filter(|_| self.has_user) else {
            return self.covers(other, None);
        };
        if !other.is_prefix {
            return self.matches_any_user(&other.text);
        }
        let end = after.chars().next().unwrap_or(NAME_END);
        let rest = other.text.strip_prefix(before).filter(|_| self.is_prefix);
        let user = rest.and_then(|rest| Some((rest, rest.find(end).filter(|user| *user > 0)?)));
        user.is_some_and(|(rest, user)| rest[user..].starts_with(after))
    }

    /// What follows in `name` on the text of the pattern.
    fn rest<'n>(&self, name: &'n str, user: Option<&UserName>) -> Option<&'n str> {
        if !self.has_user {
            return name.strip_prefix(&*self.text);
        }
        let (before, after) = self.text.split_once(USER)?;
        let user = user?.as_str();
        let end = after.chars().next().unwrap_or(NAME_END);
        if self.is_prefix && user.contains(end) {
            return None;
        }
        let rest = name.strip_prefix(before)?.strip_prefix(user)?.strip_prefix(after)?;
        // Without it, `inbox:{user}*` would give somebody called `a` what is for `ab`.
        let is_whole = !after.is_empty() || rest.is_empty() || rest.starts_with(NAME_END);
        is_whole.then_some(rest)
    }

    fn ends_in_user(&self) -> bool {
        self.has_user && self.text.ends_with(USER)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.text, if self.is_prefix { "*" } else { "" })
    }
}

const USER: &str = "{user}";

/// What ends a user's name where a pattern's `*` follows on it.
const NAME_END: char = ':';

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text).expect("a pattern")
    }

    fn user(name: &str) -> UserName {
        UserName::new(name).expect("a name")
    }

    #[test]
    fn a_pattern_is_a_name_or_a_prefix() {
        assert!(pattern("news.*").matches("news.sport", None));
        assert!(pattern("news.*").matches("news.", None));
        assert!(!pattern("news.*").matches("news", None));
        assert!(pattern("news").matches("news", None) && !pattern("news").matches("news2", None));
        assert!(pattern("*").matches("anything", None));
        for wrong in ["", "a*b", "**", "a b", "{user}{user}"] {
            assert_eq!(Pattern::new(wrong), Err(NameError::Pattern), "{wrong}");
        }
    }

    #[test]
    fn a_users_channels_are_nobody_elses() {
        let ada = UserName::new("ada").expect("a name");
        assert!(pattern("inbox:{user}").matches("inbox:ada", Some(&ada)));
        assert!(!pattern("inbox:{user}").matches("inbox:ada2", Some(&ada)));
        assert!(!pattern("inbox:{user}").matches("inbox:", None));
        assert!(pattern("inbox:{user}*").matches("inbox:ada:phone", Some(&ada)));
        assert!(pattern("inbox:{user}*").matches("inbox:ada", Some(&ada)));
        assert!(!pattern("inbox:{user}*").matches("inbox:adam", Some(&ada)));
        assert!(pattern("{user}:x").matches("ada:x", Some(&ada)));
    }

    #[test]
    fn a_name_that_goes_on_is_another_users() {
        let (ada, org) = (user("ada"), user("org"));
        for (goes_on, channel) in [
            ("inbox:{user}*", "inbox:ada.lovelace"),
            ("inbox:{user}*", "inbox:ada/lovelace"),
            ("inbox:{user}*", "inbox:ada-lovelace:phone"),
            ("inbox:{user}.*", "inbox:ada:x.y"),
        ] {
            assert!(!pattern(goes_on).matches(channel, Some(&ada)), "{goes_on} {channel}");
            assert!(pattern(goes_on).matches_any_user(channel), "{goes_on} {channel}");
        }
        // One of them only may have it, and a user has what follows on its name.
        let mine = pattern("inbox:{user}:*");
        assert!(mine.matches("inbox:org:ada:x", Some(&org)));
        assert!(!mine.matches("inbox:org:ada:x", Some(&user("org:ada"))));
        assert!(pattern("inbox:{user}").matches("inbox:org:ada", Some(&user("org:ada"))));
        assert!(pattern("inbox:{user}.*").matches("inbox:org:ada.x", Some(&user("org:ada"))));
        assert!(!pattern("inbox:{user}*").covers(&pattern("inbox:ada*"), Some(&ada)));
        assert!(pattern("inbox:{user}*").covers(&pattern("inbox:ada:*"), Some(&ada)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn no_channel_is_two_users_own(
            (before, after, is_prefix) in ("|a|i:|[.]", "[ab:.]{0,2}", any::<bool>()),
            (one, more, tail) in ("[ab:.]{1,4}", "[ab:.]{1,3}", "[ab:.]{0,4}"),
            covered in 0..9_usize,
        ) {
            let star = if is_prefix { "*" } else { "" };
            let pattern = pattern(&format!("{before}{{user}}{after}{star}"));
            // The other name goes on where the first ends, or was longer in front: both may begin in the same way.
            let two = format!("{one}{more}");
            for (of, other) in [(&one, &two), (&two, &one), (&one, &more)] {
                let channel = format!("{before}{of}{after}{tail}");
                let owns = |name: &str| pattern.matches(&channel, Some(&user(name)));
                prop_assert!(of == other || !(owns(of) && owns(other)), "{pattern} {channel}");
                prop_assert!(!owns(of) || pattern.matches_any_user(&channel));
                prop_assert!(!pattern.matches(&channel, None));
                let Some(begin) = channel.get(..covered).filter(|begin| !begin.is_empty()) else {
                    continue;
                };
                let all = Pattern::new(&format!("{begin}*")).expect("a pattern");
                let covers = pattern.covers(&all, Some(&user(of)));
                prop_assert!(!covers || owns(of), "{pattern} {all}");
                prop_assert!(!covers || pattern.covers_any_user(&all), "{pattern} {all}");
            }
        }
    }

    #[test]
    fn covering_is_for_all_channels() {
        assert!(pattern("news.*").covers(&pattern("news.sport.*"), None));
        assert!(pattern("news.*").covers(&pattern("news.*"), None));
        assert!(!pattern("news.*").covers(&pattern("new*"), None));
        assert!(!pattern("news.").covers(&pattern("news.*"), None));
        assert!(pattern("news.*").covers(&pattern("news.a"), None));
    }

    #[test]
    fn covering_for_some_user_needs_a_whole_name() {
        for (all, some, expected) in [
            ("inbox:{user}:*", "inbox:ada:*", true),
            ("inbox:{user}:*", "inbox:ada:phone*", true),
            ("inbox:{user}:*", "inbox:ada*", false),
            ("inbox:{user}:*", "inbox::*", false),
            ("inbox:{user}:*", "*", false),
            ("inbox:{user}*", "inbox:ada:*", true),
            ("inbox:{user}*", "inbox:ada*", false),
            ("inbox:{user}:x*", "inbox:ada:*", false),
            ("inbox:{user}", "inbox:ada:*", false),
            ("inbox:{user}", "inbox:ada", true),
            ("inbox:*", "inbox:ada:*", true),
        ] {
            let covers = pattern(all).covers_any_user(&pattern(some));
            assert_eq!(covers, expected, "{some} of {all}");
        }
    }
}

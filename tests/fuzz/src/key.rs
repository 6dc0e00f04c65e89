//! Any text as a key, a time, a duration, the name of a list or source: what is read prints as something that reads back.
#![no_main]

use dnsbld::list::{Duration, HashKind, Key, KeyFamily, ListName, SourceName, Time};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for family in [KeyFamily::Addresses, KeyFamily::Names, KeyFamily::Hashes(HashKind::Sha256), KeyFamily::Any] {
        if let Ok(key) = Key::parse(text, family) {
            assert_eq!(Key::parse(&key.to_string(), family).as_ref(), Ok(&key));
        }
    }
    if let Ok(time) = text.parse::<Time>() {
        assert_eq!(time.to_string().parse(), Ok(time));
    }
    if let Ok(duration) = text.parse::<Duration>() {
        assert_eq!(duration.to_string().parse(), Ok(duration));
    }
    if let Ok(name) = text.parse::<ListName>() {
        assert_eq!(name.as_str(), text);
    }
    if let Ok(name) = text.parse::<SourceName>() {
        assert_eq!(name.as_str(), text);
    }
});

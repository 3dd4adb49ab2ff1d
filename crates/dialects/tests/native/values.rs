//! Values as clients may write them: in forms that our own writers do not choose, and in places where they mean nothing.

use crate::support::{Said, carried_out, read};
use proptest::collection::vec;
use proptest::prelude::*;
use rmpv::Value;
use sockeye_dialects::Native;
use sockeye_hub::{Command, CommandId};

fn cancelled(call: u64) -> [Said; 1] {
    [Said::command(0, &Command::Cancel { call: CommandId(call) })]
}

fn is_refused(native: Native, frame: &[u8]) -> bool {
    matches!(carried_out(native, frame)[..], [Said::Refused(..)])
}

#[test]
fn integers_of_messagepack_may_have_any_width() {
    let cancel = |number: &[u8]| [b"\x81\xa6cancel\x81\xa4call", number].concat();
    let five: [&[u8]; 9] = [
        b"\x05",
        b"\xcc\x05",
        b"\xcd\0\x05",
        b"\xce\0\0\0\x05",
        b"\xcf\0\0\0\0\0\0\0\x05",
        b"\xd0\x05",
        b"\xd1\0\x05",
        b"\xd2\0\0\0\x05",
        b"\xd3\0\0\0\0\0\0\0\x05",
    ];
    for number in five {
        assert_eq!(carried_out(Native::Msgpack, &cancel(number)), cancelled(5), "{number:x?}");
    }
    let others: [&[u8]; 7] =
        [b"\xff", b"\xd0\xff", b"\xd1\xff\xff", b"\xca\x40\xa0\0\0", b"\xc0", b"\xc3", b"\xa15"];
    for value in others {
        assert!(is_refused(Native::Msgpack, &cancel(value)), "{value:x?}");
    }
}

#[test]
fn varints_have_64_bits_and_no_more() {
    // In a command in a frame, each with its length.
    let cancel = |varint: &[u8]| {
        let call = [b"\x08", varint].concat();
        let cancel = [&[0x42, call.len() as u8], &*call].concat();
        [&[0x0a, cancel.len() as u8], &*cancel].concat()
    };
    let most = [[0xff; 9].as_slice(), &[1]].concat();
    assert_eq!(carried_out(Native::Protobuf, &cancel(&most)), cancelled(u64::MAX));
    // Who pads with zeros means the same.
    assert_eq!(carried_out(Native::Protobuf, &cancel(b"\x85\x80\0")), cancelled(5));
    for varint in [[[0xff; 9].as_slice(), &[2]].concat(), [[0x80; 10].as_slice(), &[0]].concat()] {
        assert!(is_refused(Native::Protobuf, &cancel(&varint)), "{varint:x?}");
    }
}

#[test]
fn a_field_does_not_reach_out_of_its_message() {
    // `refresh` of 2 bytes, whose token has a length of 3, and another command behind it.
    let frame = b"\x0a\x04\x1a\x02\x0a\x03\x0a\x02\x72\x00";
    let [Said::Refused(0, _, expected), ping] = &carried_out(Native::Protobuf, frame)[..] else {
        panic!("expected a refusal and another command");
    };
    assert_eq!(expected, "expected more bytes: a field goes on behind the end of its message");
    assert_eq!(*ping, Said::command(0, &Command::Ping));
}

#[test]
fn bytes_have_the_name_that_their_encoding_gives_them() {
    let json = |name| format!(r#"{{"publish":{{"channel":"c","{name}":"AAEC"}}}}"#);
    assert!(!is_refused(Native::Json, json("data_base64").as_bytes()));
    assert!(is_refused(Native::Json, json("data_binary").as_bytes()));
    let publish = |field: &[u8]| [b"\x81\xa7publish\x82\xa7channel\xa1c", field].concat();
    assert!(!is_refused(Native::Msgpack, &publish(b"\xabdata_binary\xc4\x01\0")));
    assert!(is_refused(Native::Msgpack, &publish(b"\xabdata_base64\xa4AAEC")));
    assert!(is_refused(Native::Msgpack, &publish(b"\xabdata_binary\xa4AAEC")));
    assert!(is_refused(Native::Msgpack, &publish(b"\xa4data\xc4\x011")));
    assert!(is_refused(Native::Msgpack, &publish(b"\xa4data\xa2[1")));
}

/// Anything that MessagePack can hold.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i8>().prop_map(Value::from),
        any::<f32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z]{0,300}".prop_map(Value::from),
        vec(any::<u8>(), 0..300).prop_map(Value::from),
        (any::<i8>(), prop::sample::select(vec![0, 1, 2, 4, 8, 16, 5, 300]))
            .prop_map(|(kind, size)| Value::Ext(kind, vec![7; size])),
    ];
    leaf.prop_recursive(3, 40, 20, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..20).prop_map(Value::Array),
            vec((inner.clone(), inner), 0..20).prop_map(Value::Map),
        ]
    })
}

proptest! {
    #[test]
    fn what_means_nothing_is_gone_past(value in anything()) {
        let mut frame = b"\x82\xa8whatever".to_vec();
        rmpv::encode::write_value(&mut frame, &value).expect("a Vec takes everything");
        frame.extend_from_slice(b"\xa2id\x07\x81\xa4ping\x80");
        let said = carried_out(Native::Msgpack, &frame);
        prop_assert!(matches!(said[..], [Said::Refused(7, ..), Said::Command(0, _)]), "{said:?}");
        // And not past its end.
        let (_, result) = read(Native::Msgpack, &frame[..frame.len() - 11]);
        prop_assert!(result.is_err());
    }

    #[test]
    fn fields_that_mean_nothing_are_gone_past(
        number in 16_u32..1 << 29,
        varint in any::<u64>(),
        bytes in vec(any::<u8>(), 0..200),
    ) {
        use prost_reflect::prost::encoding::{WireType, encode_key, encode_varint};
        let values = [
            (WireType::Varint, { let mut value = vec![]; encode_varint(varint, &mut value); value }),
            (WireType::SixtyFourBit, varint.to_le_bytes().to_vec()),
            (WireType::ThirtyTwoBit, (varint as u32).to_le_bytes().to_vec()),
            (WireType::LengthDelimited, {
                let mut value = vec![];
                encode_varint(bytes.len() as u64, &mut value);
                value.extend_from_slice(&bytes);
                value
            }),
        ];
        for (wire_type, value) in values {
            let mut command = vec![];
            encode_key(number, wire_type, &mut command);
            command.extend_from_slice(&value);
            command.extend_from_slice(b"\x08\x07");
            let mut frame = vec![0x0a];
            encode_varint(command.len() as u64, &mut frame);
            frame.extend_from_slice(&command);
            frame.extend_from_slice(b"\x0a\x02\x72\x00");
            let said = carried_out(Native::Protobuf, &frame);
            prop_assert!(matches!(said[..], [Said::Refused(7, ..), Said::Command(0, _)]), "{said:?}");
        }
    }
}

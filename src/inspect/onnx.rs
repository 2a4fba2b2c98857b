//! ONNX models: the few fields of the protobuf messages that say who wrote what. Weights are skipped.

use super::input::{Input, Stop, stop};
use crate::vocab::{OnnxFacts, ProblemKind, TensorFact};

/// Bytes of a text that are kept.
const LONGEST: u64 = 512;
/// Inputs, outputs, operators and properties that are kept, of each.
const MOST: usize = 1024;
/// Types within types.
const DEEPEST: u8 = 8;

/// Whether the bytes could begin a model: the version of its representation, and one of the fields that follow.
pub(super) fn recognise(head: &[u8]) -> bool {
    matches!(head, [0x08, 1..=64, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42, ..])
}

/// Reads a model. The facts before a stop are kept.
pub(super) fn read(input: &mut Input<'_>, facts: &mut OnnxFacts) -> Result<(), Stop> {
    while let Some((field, wire)) = key(input, None)? {
        match (field, wire) {
            (1, 0) => facts.ir_version = Some(varint(input)? as i64),
            (2, 2) => facts.producer = Some(text(input, u64::MAX)?),
            (3, 2) => facts.producer_version = Some(text(input, u64::MAX)?),
            (7, 2) => {
                let end = end_of(input, u64::MAX)?;
                graph(input, end, facts)?;
            }
            (8, 2) => {
                let end = end_of(input, u64::MAX)?;
                let (mut domain, mut version) = (String::new(), 0);
                while let Some((field, wire)) = key(input, Some(end))? {
                    match (field, wire) {
                        (1, 2) => domain = text(input, end)?,
                        (2, 0) => version = varint(input)? as i64,
                        _ => skip(input, wire, end)?,
                    }
                }
                if facts.opsets.len() < MOST {
                    facts.opsets.insert(named(domain), version);
                }
            }
            (14, 2) => {
                let end = end_of(input, u64::MAX)?;
                let (mut name, mut value) = (String::new(), String::new());
                while let Some((field, wire)) = key(input, Some(end))? {
                    match (field, wire) {
                        (1, 2) => name = text(input, end)?,
                        (2, 2) => value = text(input, end)?,
                        _ => skip(input, wire, end)?,
                    }
                }
                if facts.metadata.len() < MOST {
                    facts.metadata.insert(name, value);
                }
            }
            _ => skip(input, wire, u64::MAX)?,
        }
    }
    Ok(())
}

fn named(domain: String) -> String {
    if domain.is_empty() { "ai.onnx".to_owned() } else { domain }
}

fn graph(input: &mut Input<'_>, end: u64, facts: &mut OnnxFacts) -> Result<(), Stop> {
    while let Some((field, wire)) = key(input, Some(end))? {
        match (field, wire) {
            (1, 2) => {
                let end = end_of(input, end)?;
                let (mut operator, mut domain) = (String::new(), String::new());
                while let Some((field, wire)) = key(input, Some(end))? {
                    match (field, wire) {
                        (4, 2) => operator = text(input, end)?,
                        (7, 2) => domain = text(input, end)?,
                        _ => skip(input, wire, end)?,
                    }
                }
                let operator = format!("{}.{operator}", named(domain));
                if facts.operators.len() < MOST || facts.operators.contains_key(&operator) {
                    *facts.operators.entry(operator).or_default() += 1;
                }
            }
            (11, 2) => {
                let end = end_of(input, end)?;
                let tensor = tensor(input, end)?;
                facts.inputs.extend((facts.inputs.len() < MOST).then_some(tensor));
            }
            (12, 2) => {
                let end = end_of(input, end)?;
                let tensor = tensor(input, end)?;
                facts.outputs.extend((facts.outputs.len() < MOST).then_some(tensor));
            }
            _ => skip(input, wire, end)?,
        }
    }
    Ok(())
}

fn tensor(input: &mut Input<'_>, end: u64) -> Result<TensorFact, Stop> {
    let mut fact = TensorFact::default();
    while let Some((field, wire)) = key(input, Some(end))? {
        match (field, wire) {
            (1, 2) => fact.name = text(input, end)?,
            (2, 2) => {
                let end = end_of(input, end)?;
                fact.kind = kind(input, end, DEEPEST)?;
            }
            _ => skip(input, wire, end)?,
        }
    }
    Ok(fact)
}

/// A type: of a tensor, a sequence or a map.
fn kind(input: &mut Input<'_>, end: u64, depth: u8) -> Result<String, Stop> {
    let mut kind = String::new();
    while let Some((field, wire)) = key(input, Some(end))? {
        match (field, wire) {
            (1, 2) => {
                let end = end_of(input, end)?;
                let (mut element, mut shape) = ("?", Vec::new());
                while let Some((field, wire)) = key(input, Some(end))? {
                    match (field, wire) {
                        (1, 0) => element = element_name(varint(input)?),
                        (2, 2) => shape = dimensions(input, end)?,
                        _ => skip(input, wire, end)?,
                    }
                }
                kind = format!("{element}[{}]", shape.join(", "));
            }
            (4 | 5, 2) if depth > 0 => {
                let what = if field == 4 { "sequence" } else { "map" };
                let end = end_of(input, end)?;
                let (mut key_type, mut inner) = (String::new(), String::new());
                while let Some((inside, wire)) = key(input, Some(end))? {
                    match (field, inside, wire) {
                        (5, 1, 0) => key_type = format!("{}, ", element_name(varint(input)?)),
                        (4, 1, 2) | (5, 2, 2) => {
                            let end = end_of(input, end)?;
                            inner = self::kind(input, end, depth - 1)?;
                        }
                        _ => skip(input, wire, end)?,
                    }
                }
                kind = format!("{what}({key_type}{inner})");
            }
            _ => skip(input, wire, end)?,
        }
    }
    Ok(kind)
}

fn dimensions(input: &mut Input<'_>, end: u64) -> Result<Vec<String>, Stop> {
    let end = end_of(input, end)?;
    let mut shape = Vec::new();
    while let Some((field, wire)) = key(input, Some(end))? {
        if (field, wire) != (1, 2) {
            skip(input, wire, end)?;
            continue;
        }
        let end = end_of(input, end)?;
        let mut dimension = "?".to_owned();
        while let Some((field, wire)) = key(input, Some(end))? {
            match (field, wire) {
                (1, 0) => dimension = varint(input)?.to_string(),
                (2, 2) => dimension = text(input, end)?,
                _ => skip(input, wire, end)?,
            }
        }
        shape.extend((shape.len() < 64).then_some(dimension));
    }
    Ok(shape)
}

fn element_name(code: u64) -> &'static str {
    const NAMES: [&str; 17] = [
        "?",
        "float32",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "float64",
        "uint32",
        "uint64",
        "complex64",
        "complex128",
        "bfloat16",
    ];
    usize::try_from(code).ok().and_then(|code| NAMES.get(code)).copied().unwrap_or("?")
}

/// Number and wire type of the next field; none at the end of the message, or of the file for the outermost one.
fn key(input: &mut Input<'_>, end: Option<u64>) -> Result<Option<(u64, u64)>, Stop> {
    match end {
        Some(end) if input.offset() == end => return Ok(None),
        Some(end) if input.offset() > end => {
            return Err(malformed(input, "a field is longer than its message"));
        }
        Some(_) => {}
        None if input.peek(1)?.is_empty() => return Ok(None),
        None => {}
    }
    let key = varint(input)?;
    if key >> 3 == 0 {
        return Err(malformed(input, "there is no field 0"));
    }
    Ok(Some((key >> 3, key & 7)))
}

fn malformed(input: &Input<'_>, what: &str) -> Stop {
    stop(ProblemKind::Malformed, input.offset(), what)
}

fn varint(input: &mut Input<'_>) -> Result<u64, Stop> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = input.byte("inside a number")?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(malformed(input, "a number is longer than ten bytes"))
}

/// Where a message that begins here ends; it must not reach beyond the one around it.
fn end_of(input: &mut Input<'_>, within: u64) -> Result<u64, Stop> {
    let length = varint(input)?;
    let end = input.offset().checked_add(length).filter(|end| *end <= within);
    end.ok_or_else(|| malformed(input, "a message is longer than the one around it"))
}

fn text(input: &mut Input<'_>, within: u64) -> Result<String, Stop> {
    let end = end_of(input, within)?;
    let length = end - input.offset();
    let kept = length.min(LONGEST);
    let text = String::from_utf8_lossy(input.take(kept as usize, "inside a text")?).into_owned();
    input.skip(length - kept, "inside a text")?;
    Ok(text)
}

fn skip(input: &mut Input<'_>, wire: u64, within: u64) -> Result<(), Stop> {
    match wire {
        0 => varint(input).map(|_| ()),
        1 => input.skip(8, "inside a number"),
        2 => {
            let end = end_of(input, within)?;
            let length = end - input.offset();
            input.skip(length, "inside a field")
        }
        5 => input.skip(4, "inside a number"),
        other => Err(malformed(input, &format!("there is no wire type {other}"))),
    }
}

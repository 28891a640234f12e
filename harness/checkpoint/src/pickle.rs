//! The pickle interpreter.
//!
//! Values are small and refer to lists, dicts and tuples by index, so that neither deep nor cyclic nor
//! shared structures cost more than their opcodes: there is no recursion, and memory is bounded by
//! [`MAX_CELLS`].

use std::collections::HashMap;

use crate::arrays::Array;
use crate::error::ParseError;
use crate::globals::{Allowed, Global};
use crate::strided::View;
use crate::tensor::Dtype;

/// Most values that one pickle may hold; a checkpoint of a thousand tensors has about thirty thousand.
const MAX_CELLS: usize = 1 << 22;

/// Most dimensions of a tensor, as in PyTorch.
const MAX_DIMENSIONS: usize = 64;

/// A value; indices refer to [`Pickle`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// An integer of more than 8 bytes, little-endian.
    Long(&'a [u8]),
    Float(f64),
    Str(&'a str),
    Bytes(&'a [u8]),
    Tuple(usize),
    List(usize),
    Dict(usize),
    Global(Global),
    Storage(usize),
    Tensor(usize),
    Array(usize),
    /// The type of an array's elements.
    Dtype(&'a str),
}

/// A storage that the pickle refers to; its elements stand elsewhere in the file.
#[derive(Clone, Debug)]
pub(crate) struct Storage<'a> {
    pub(crate) key: &'a str,
    pub(crate) dtype: Dtype,
    /// Elements of the whole storage.
    pub(crate) numel: usize,
    /// First element and number of elements, if this is a part of the storage (old files only).
    pub(crate) part: Option<(usize, usize)>,
}

/// A tensor that the pickle describes.
#[derive(Clone, Debug)]
pub(crate) struct Tensor {
    /// Index in [`Pickle::storages`].
    pub(crate) storage: usize,
    pub(crate) view: View,
}

/// What a pickle made.
#[derive(Debug, Default)]
pub(crate) struct Pickle<'a> {
    /// Tuples and lists.
    pub(crate) sequences: Vec<Vec<Value<'a>>>,
    /// Dicts as pairs in the order of insertion; of equal keys, the last counts.
    pub(crate) dicts: Vec<Vec<(Value<'a>, Value<'a>)>>,
    pub(crate) storages: Vec<Storage<'a>>,
    pub(crate) tensors: Vec<Tensor>,
    pub(crate) arrays: Vec<Array<'a>>,
}

impl Pickle<'_> {
    /// The numbers of a tuple.
    pub(crate) fn lengths(&self, tuple: usize) -> Result<Vec<usize>, ParseError> {
        let values = &self.sequences[tuple];
        if values.len() > MAX_DIMENSIONS {
            return Err(ParseError::TooLarge(format!("a tensor of {} dimensions", values.len())));
        }
        values.iter().copied().map(length).collect()
    }
}

/// Runs one pickle at the start of `bytes`; returns its value, what that refers to, and the pickle's length.
pub(crate) fn run(bytes: &[u8]) -> Result<(Value<'_>, Pickle<'_>, usize), ParseError> {
    run_allowing(bytes, Allowed::Checkpoint)
}

/// The same for pickles of another kind.
pub(crate) fn run_allowing(
    bytes: &[u8],
    allowed: Allowed,
) -> Result<(Value<'_>, Pickle<'_>, usize), ParseError> {
    let mut machine = Machine {
        allowed,
        bytes,
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        made: Pickle::default(),
        cells: 0,
    };
    let value = machine.run()?;
    Ok((value, machine.made, machine.at))
}

/// The interpreter's state.
struct Machine<'a> {
    allowed: Allowed,
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value<'a>>,
    marks: Vec<usize>,
    memo: HashMap<u32, Value<'a>>,
    made: Pickle<'a>,
    /// Values made so far, which bounds memory.
    cells: usize,
}

impl<'a> Machine<'a> {
    fn run(&mut self) -> Result<Value<'a>, ParseError> {
        loop {
            let offset = self.at;
            let [opcode] = self.array()?;
            self.grow(1)?;
            match opcode {
                b'.' => return self.pop(),
                0x80 => {
                    let [protocol] = self.array()?;
                    if protocol > 5 {
                        return Err(ParseError::Unsupported(format!("pickle protocol {protocol}")));
                    }
                }
                // A frame's length only helps readers of streams.
                0x95 => drop(self.take(8)?),
                b'(' => self.marks.push(self.stack.len()),
                b'0' => drop(self.pop()?),
                b'1' => drop(self.pop_mark()?),
                b'N' => self.push(Value::None),
                0x88 => self.push(Value::Bool(true)),
                0x89 => self.push(Value::Bool(false)),
                b'J' => {
                    let value = i32::from_le_bytes(self.array()?);
                    self.push(Value::Int(value.into()));
                }
                b'K' => {
                    let [value] = self.array()?;
                    self.push(Value::Int(value.into()));
                }
                b'M' => {
                    let value = u16::from_le_bytes(self.array()?);
                    self.push(Value::Int(value.into()));
                }
                0x8a => {
                    let [length] = self.array()?;
                    let digits = self.take(length.into())?;
                    self.push(integer(digits));
                }
                b'G' => {
                    let value = f64::from_be_bytes(self.array()?);
                    self.push(Value::Float(value));
                }
                b'X' | b'T' | b'B' | 0x8c | b'U' | b'C' | 0x8d | 0x8e => self.text(opcode)?,
                b'}' => self.push_dict(Vec::new())?,
                b']' => self.push_list(Vec::new())?,
                b')' => self.push_tuple(Vec::new())?,
                0x85..=0x87 => {
                    let items = self.pop_many(usize::from(opcode - 0x84))?;
                    self.push_tuple(items)?;
                }
                b't' => {
                    let items = self.pop_mark()?;
                    self.push_tuple(items)?;
                }
                b'a' => {
                    let item = self.pop()?;
                    self.append(vec![item])?;
                }
                b'e' => {
                    let items = self.pop_mark()?;
                    self.append(items)?;
                }
                b's' => {
                    let pair = self.pop_many(2)?;
                    self.set_items(&pair)?;
                }
                b'u' => {
                    let items = self.pop_mark()?;
                    self.set_items(&items)?;
                }
                b'q' | b'r' | 0x94 => self.memorize(opcode)?,
                b'h' | b'j' => self.recall(opcode)?,
                b'c' => {
                    let module = self.line()?;
                    let name = self.line()?;
                    self.push(Value::Global(Global::find(self.allowed, module, name)?));
                }
                0x93 => match self.pop_many(2)?[..] {
                    [Value::Str(module), Value::Str(name)] => {
                        self.push(Value::Global(Global::find(self.allowed, module, name)?))
                    }
                    _ => return Err(ParseError::invalid("a global's name is no text")),
                },
                b'R' => self.reduce()?,
                b'b' => self.build()?,
                b'Q' => self.persistent()?,
                _ => {
                    let what = format!("pickle opcode 0x{opcode:02x} at byte {offset}");
                    return Err(ParseError::Unsupported(what));
                }
            }
        }
    }

    /// The next bytes.
    fn take(&mut self, length: usize) -> Result<&'a [u8], ParseError> {
        let taken = self.bytes[self.at..].get(..length).ok_or_else(|| ParseError::truncated("the pickle"))?;
        self.at += length;
        Ok(taken)
    }

    /// The next `N` bytes.
    fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let chunk = self.bytes[self.at..].first_chunk().ok_or_else(|| ParseError::truncated("the pickle"))?;
        self.at += N;
        Ok(*chunk)
    }

    /// Text up to a line feed.
    fn line(&mut self) -> Result<&'a str, ParseError> {
        let rest = &self.bytes[self.at..];
        let length =
            rest.iter().position(|&byte| byte == b'\n').ok_or_else(|| ParseError::truncated("the pickle"))?;
        self.at += length + 1;
        str::from_utf8(&rest[..length]).map_err(|_| ParseError::invalid("a global's name is not UTF-8"))
    }

    /// Pushes a string or bytes.
    fn text(&mut self, opcode: u8) -> Result<(), ParseError> {
        let length = match opcode {
            b'X' | b'T' | b'B' => u32::from_le_bytes(self.array()?).into(),
            0x8c | b'U' | b'C' => {
                let [length] = self.array()?;
                u64::from(length)
            }
            _ => u64::from_le_bytes(self.array()?),
        };
        let length = usize::try_from(length).map_err(|_| ParseError::truncated("the pickle"))?;
        let bytes = self.take(length)?;
        let value = match opcode {
            b'B' | b'C' | 0x8e => Value::Bytes(bytes),
            // Strings of Python 2 may hold anything; what is no text stays bytes.
            b'T' | b'U' => str::from_utf8(bytes).map_or(Value::Bytes(bytes), Value::Str),
            _ => Value::Str(str::from_utf8(bytes).map_err(|_| ParseError::invalid("a string is not UTF-8"))?),
        };
        self.push(value);
        Ok(())
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(value);
    }

    /// Counts values against the bound on memory.
    fn grow(&mut self, cells: usize) -> Result<(), ParseError> {
        self.cells = self.cells.saturating_add(cells);
        if self.cells > MAX_CELLS {
            return Err(ParseError::TooLarge(format!("its pickle makes more than {MAX_CELLS} values")));
        }
        Ok(())
    }

    fn push_tuple(&mut self, items: Vec<Value<'a>>) -> Result<(), ParseError> {
        self.grow(items.len())?;
        self.push(Value::Tuple(self.made.sequences.len()));
        self.made.sequences.push(items);
        Ok(())
    }

    fn push_list(&mut self, items: Vec<Value<'a>>) -> Result<(), ParseError> {
        self.grow(items.len())?;
        self.push(Value::List(self.made.sequences.len()));
        self.made.sequences.push(items);
        Ok(())
    }

    fn push_dict(&mut self, pairs: Vec<(Value<'a>, Value<'a>)>) -> Result<(), ParseError> {
        self.grow(2 * pairs.len())?;
        self.push(Value::Dict(self.made.dicts.len()));
        self.made.dicts.push(pairs);
        Ok(())
    }

    fn pop(&mut self) -> Result<Value<'a>, ParseError> {
        self.stack.pop().ok_or_else(underflow)
    }

    /// The last values, in order.
    fn pop_many(&mut self, count: usize) -> Result<Vec<Value<'a>>, ParseError> {
        let start = self.stack.len().checked_sub(count).ok_or_else(underflow)?;
        Ok(self.stack.split_off(start))
    }

    /// The values above the last mark, in order.
    fn pop_mark(&mut self) -> Result<Vec<Value<'a>>, ParseError> {
        let start = self.marks.pop().filter(|&mark| mark <= self.stack.len()).ok_or_else(underflow)?;
        Ok(self.stack.split_off(start))
    }

    fn append(&mut self, items: Vec<Value<'a>>) -> Result<(), ParseError> {
        let Some(&Value::List(list)) = self.stack.last() else {
            return Err(ParseError::invalid("the pickle appends to what is no list"));
        };
        self.grow(items.len())?;
        self.made.sequences[list].extend(items);
        Ok(())
    }

    fn set_items(&mut self, items: &[Value<'a>]) -> Result<(), ParseError> {
        let (&Value::Dict(dict), (pairs, [])) =
            (self.stack.last().unwrap_or(&Value::None), items.as_chunks())
        else {
            return Err(ParseError::invalid("the pickle sets items of what is no dict, or half an item"));
        };
        self.grow(items.len())?;
        self.made.dicts[dict].extend(pairs.iter().map(|&[key, value]| (key, value)));
        Ok(())
    }

    fn memorize(&mut self, opcode: u8) -> Result<(), ParseError> {
        let index = match opcode {
            b'q' => {
                let [index] = self.array()?;
                index.into()
            }
            b'r' => u32::from_le_bytes(self.array()?),
            _ => self.memo.len() as u32,
        };
        let value = *self.stack.last().ok_or_else(underflow)?;
        self.memo.insert(index, value);
        Ok(())
    }

    fn recall(&mut self, opcode: u8) -> Result<(), ParseError> {
        let index = if opcode == b'h' {
            let [index] = self.array()?;
            index.into()
        } else {
            u32::from_le_bytes(self.array()?)
        };
        let value = self.memo.get(&index).copied();
        self.push(
            value.ok_or_else(|| ParseError::invalid(format!("the pickle recalls unknown value {index}")))?,
        );
        Ok(())
    }

    /// Calls an allowed global.
    fn reduce(&mut self) -> Result<(), ParseError> {
        let [callee, Value::Tuple(arguments)] = self.pop_many(2)?[..] else {
            return Err(ParseError::invalid("the pickle calls with what is no tuple"));
        };
        let arguments = self.made.sequences[arguments].as_slice();
        match (callee, arguments) {
            (Value::Global(Global::MakeArray), [Value::Global(Global::ArrayType), ..]) => {
                self.push(Value::Array(self.made.arrays.len()));
                self.made.arrays.push(Array::default());
                Ok(())
            }
            (Value::Global(Global::DtypeType), arguments) => {
                let dtype = Pickle::dtype(arguments)?;
                self.push(dtype);
                Ok(())
            }
            (Value::Global(Global::OrderedDict), []) => self.push_dict(Vec::new()),
            (Value::Global(Global::OrderedDict), &[Value::List(list)]) => {
                let pairs = self.made.sequences[list]
                    .iter()
                    .map(|&pair| self.pair(pair))
                    .collect::<Result<_, _>>()?;
                self.push_dict(pairs)
            }
            (Value::Global(Global::RebuildTensor), arguments) => {
                let tensor = self.tensor(arguments)?;
                // The arguments may be recalled, so that their length is no bound on what is copied of them.
                self.grow(2 * tensor.view.shape.len())?;
                self.push(Value::Tensor(self.made.tensors.len()));
                self.made.tensors.push(tensor);
                Ok(())
            }
            (Value::Global(Global::RebuildParameter), &[tensor @ Value::Tensor(_), _, _]) => {
                self.push(tensor);
                Ok(())
            }
            _ => Err(ParseError::invalid(format!("the pickle calls {callee:?} with unexpected arguments"))),
        }
    }

    /// A key and a value that stand in a sequence of two.
    fn pair(&self, value: Value<'a>) -> Result<(Value<'a>, Value<'a>), ParseError> {
        if let Value::Tuple(index) | Value::List(index) = value
            && let &[key, value] = self.made.sequences[index].as_slice()
        {
            return Ok((key, value));
        }
        Err(ParseError::invalid("an ordered dict is made of what are no pairs"))
    }

    /// The tensor of `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])`.
    fn tensor(&self, arguments: &[Value<'a>]) -> Result<Tensor, ParseError> {
        let &[
            Value::Storage(storage),
            offset,
            Value::Tuple(shape),
            Value::Tuple(strides),
            _,
            _,
            ref metadata @ ..,
        ] = arguments
        else {
            return Err(ParseError::invalid("a tensor is made of unexpected arguments"));
        };
        // Metadata says whether a view is conjugated or negated, which changes its values.
        let plain = match *metadata {
            [] | [Value::None] => true,
            [Value::Dict(dict)] => self.made.dicts[dict].is_empty(),
            _ => false,
        };
        if !plain {
            return Err(ParseError::Unsupported("a tensor that is a conjugated or negated view".to_owned()));
        }
        let (shape, strides) = (self.made.lengths(shape)?, self.made.lengths(strides)?);
        if shape.len() != strides.len() {
            return Err(ParseError::invalid(format!("a tensor has shape {shape:?} but strides {strides:?}")));
        }
        Ok(Tensor { storage, view: View { offset: length(offset)?, shape, strides } })
    }

    /// Sets attributes of the last value. PyTorch keeps versions of modules in an attribute of the state dict,
    /// which nobody needs here.
    fn build(&mut self) -> Result<(), ParseError> {
        let state = self.pop()?;
        match self.stack.last() {
            // Byte order and the like: elements of one byte have none, and others are not asked for.
            Some(Value::Dict(_) | Value::Dtype(_)) => Ok(()),
            Some(&Value::Array(array)) => {
                // The shape may be recalled, so that the pickle's length is no bound on what is copied of it.
                self.grow(MAX_DIMENSIONS)?;
                self.made.fill(array, state)
            }
            _ => Err(ParseError::invalid("the pickle sets attributes of what is no dict")),
        }
    }

    /// Replaces `('storage', type, key, location, numel[, part])` by that storage.
    fn persistent(&mut self) -> Result<(), ParseError> {
        let storage = match self.pop()? {
            Value::Tuple(tuple) => self.storage(&self.made.sequences[tuple])?,
            _ => return Err(ParseError::invalid("a persistent id is no tuple")),
        };
        self.push(Value::Storage(self.made.storages.len()));
        self.made.storages.push(storage);
        Ok(())
    }

    fn storage(&self, id: &[Value<'a>]) -> Result<Storage<'a>, ParseError> {
        let &[
            Value::Str("storage"),
            Value::Global(Global::Storage(dtype)),
            Value::Str(key),
            _,
            numel,
            ref part @ ..,
        ] = id
        else {
            return Err(ParseError::invalid("a persistent id is no storage"));
        };
        let part = match *part {
            [] | [Value::None] => None,
            [Value::Tuple(part)] => match self.made.sequences[part][..] {
                [_, offset, numel] => Some((length(offset)?, length(numel)?)),
                _ => return Err(ParseError::invalid("a part of a storage has unexpected fields")),
            },
            _ => return Err(ParseError::invalid("a storage has unexpected fields")),
        };
        Ok(Storage { key, dtype, numel: length(numel)?, part })
    }
}

/// An integer of the usual two's complement form, little-endian.
fn integer(digits: &[u8]) -> Value<'_> {
    let Some((&last, rest)) = digits.split_last() else { return Value::Int(0) };
    if rest.len() >= 8 {
        return Value::Long(digits);
    }
    let sign = i64::from(last as i8);
    Value::Int(rest.iter().rev().fold(sign, |value, &digit| (value << 8) | i64::from(digit)))
}

/// A number that counts elements.
fn length(value: Value<'_>) -> Result<usize, ParseError> {
    match value {
        Value::Int(number) => usize::try_from(number)
            .map_err(|_| ParseError::invalid(format!("a length, stride or offset is {number}"))),
        _ => Err(ParseError::invalid("a length, stride or offset is no number")),
    }
}

fn underflow() -> ParseError {
    ParseError::invalid("the pickle takes a value from an empty stack")
}

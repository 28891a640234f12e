//! Files of MATLAB, of NumPy and in IDX, as the sets have them.

use std::io::Write as _;

/// A value for a file of MATLAB.
#[derive(Clone, Debug)]
pub enum Mat {
    /// Whole numbers that are stored as bytes.
    Bytes {
        /// Dimensions.
        dims: Vec<usize>,
        /// In MATLAB's order.
        values: Vec<u8>,
    },
    /// Whole numbers of 16 bits, in one row.
    Shorts(Vec<u16>),
    /// A line of text.
    Text(String),
    /// A row of values.
    Cells(Vec<Mat>),
    /// A row of structs: names of fields, and for every element the values of them.
    Structs(Vec<&'static str>, Vec<Vec<Mat>>),
}

/// A file with these variables, each in a compressed element, as MATLAB 7 writes it.
///
/// # Panics
/// If something has more than 4 GB.
#[must_use]
pub fn mat_file(variables: &[(&str, Mat)]) -> Vec<u8> {
    let mut file = b"MATLAB 5.0 MAT-file, Platform: GLNXA64, Created by a test".to_vec();
    file.resize(124, b' ');
    file.extend([0, 1, b'I', b'M']);
    for (name, value) in variables {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&array(name, value)).expect("compressed");
        let packed = packed.finish().expect("compressed");
        file.extend(15u32.to_le_bytes());
        file.extend(length(packed.len()));
        file.extend(packed);
    }
    file
}

fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).expect("less than 4 GB").to_le_bytes()
}

/// An element with its tag, padded. Those of up to four bytes stand in their tags.
fn element(kind: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    if (1..=4).contains(&content.len()) {
        bytes.extend(kind.to_le_bytes());
        bytes.extend((content.len() as u16).to_le_bytes());
    } else {
        bytes.extend(u32::from(kind).to_le_bytes());
        bytes.extend(length(content.len()));
    }
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

fn array(name: &str, value: &Mat) -> Vec<u8> {
    let row = |count: usize| vec![1, count];
    let (class, dims, content) = match value {
        Mat::Bytes { dims, values } => (9u8, dims.clone(), element(2, values)),
        Mat::Shorts(values) => {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            (11, row(values.len()), element(4, &bytes))
        }
        Mat::Text(text) => {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            (4, row(units.len() / 2), element(4, &units))
        }
        Mat::Cells(values) => {
            (1, row(values.len()), values.iter().flat_map(|value| array("", value)).collect())
        }
        Mat::Structs(fields, elements) => {
            let longest = fields.iter().map(|field| field.len() + 1).max().unwrap_or(1);
            let mut names = Vec::new();
            for field in fields {
                let end = names.len() + longest;
                names.extend(field.bytes());
                names.resize(end, 0);
            }
            let mut content = element(5, &(longest as u32).to_le_bytes());
            content.extend(element(1, &names));
            content.extend(elements.iter().flatten().flat_map(|value| array("", value)));
            (2, row(elements.len()), content)
        }
    };
    let dims: Vec<u8> = dims.iter().flat_map(|side| length(*side)).collect();
    let flags = [class, 0, 0, 0, 0, 0, 0, 0];
    let body = [element(6, &flags), element(5, &dims), element(1, name.as_bytes()), content].concat();
    [&14u32.to_le_bytes()[..], &length(body.len()), &body].concat()
}

/// A pickle of protocol 2, as Python 2 has written those of CIFAR.
pub(super) struct Pickle(Vec<u8>);

impl Pickle {
    /// An empty dictionary, to which pairs are added.
    pub(super) fn dict() -> Self {
        Self(vec![0x80, 2, b'}', b'('])
    }

    fn text(&mut self, text: &[u8]) {
        self.0.push(b'T');
        self.0.extend(length(text.len()));
        self.0.extend(text);
    }

    fn number(&mut self, number: usize) {
        self.0.push(b'J');
        self.0.extend(length(number));
    }

    pub(super) fn texts(mut self, key: &str, texts: &[String]) -> Self {
        self.text(key.as_bytes());
        self.0.extend(b"](");
        for text in texts {
            self.text(text.as_bytes());
        }
        self.0.push(b'e');
        self
    }

    pub(super) fn numbers(mut self, key: &str, numbers: &[usize]) -> Self {
        self.text(key.as_bytes());
        self.0.extend(b"](");
        for number in numbers {
            self.number(*number);
        }
        self.0.push(b'e');
        self
    }

    /// An array of bytes with so many rows.
    pub(super) fn rows(mut self, key: &str, rows: usize, values: &[u8]) -> Self {
        self.text(key.as_bytes());
        self.0.extend(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n");
        self.number(0);
        self.0.push(0x85);
        self.text(b"b");
        self.0.extend([0x87, b'R', b'(']);
        self.number(1);
        self.number(rows);
        self.number(values.len().checked_div(rows).unwrap_or(0));
        self.0.push(0x86);
        self.0.extend(b"cnumpy\ndtype\n");
        self.text(b"u1");
        self.number(0);
        self.number(1);
        self.0.extend([0x87, b'R', b'(']);
        self.number(3);
        self.text(b"|");
        self.0.extend(b"NNN");
        for _ in 0..2 {
            self.0.extend(b"J\xff\xff\xff\xff");
        }
        self.number(0);
        // A tuple fills the type; false says that rows come first.
        self.0.extend([b't', b'b', 0x89]);
        self.text(values);
        self.0.extend(b"tb");
        self
    }

    pub(super) fn bytes(mut self) -> Vec<u8> {
        self.0.extend(b"u.");
        self.0
    }
}

/// An IDX file of bytes.
pub(super) fn idx(dims: &[usize], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, dims.len() as u8];
    for side in dims {
        bytes.extend(u32::try_from(*side).expect("a side").to_be_bytes());
    }
    bytes.extend(values);
    bytes
}

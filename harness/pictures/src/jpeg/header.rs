//! Markers and what they carry (ITU T.81, annex B).

use super::{
    JpegError,
    bits::find_marker,
    huffman::{Huffman, NATURAL},
};

/// One component of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) id: u8,
    /// Samples beside and below each other in a unit of the frame.
    pub(crate) horizontal: usize,
    pub(crate) vertical: usize,
    /// Which quantization table it has.
    pub(crate) table: usize,
}

/// What a frame header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) progressive: bool,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// One to four.
    pub(crate) components: Vec<Component>,
    pub(crate) max_horizontal: usize,
    pub(crate) max_vertical: usize,
}

impl Frame {
    /// Units (MCUs of an interleaved scan) beside and below each other.
    pub(crate) fn units(&self) -> (usize, usize) {
        (self.width.div_ceil(8 * self.max_horizontal), self.height.div_ceil(8 * self.max_vertical))
    }

    /// Width and height of a component in samples.
    pub(crate) fn samples(&self, component: &Component) -> (usize, usize) {
        (
            (self.width * component.horizontal).div_ceil(self.max_horizontal),
            (self.height * component.vertical).div_ceil(self.max_vertical),
        )
    }

    fn read(data: &[u8], progressive: bool) -> Result<Self, JpegError> {
        let [precision, height_1, height_0, width_1, width_0, count, rest @ ..] = data else {
            return Err(JpegError::Broken("its frame header is too short"));
        };
        if *precision != 8 {
            return Err(JpegError::Unsupported("samples of more than 8 bits"));
        }
        let count = usize::from(*count);
        let mut components: Vec<Component> = rest
            .as_chunks::<3>()
            .0
            .iter()
            .take(count)
            .map(|[id, factors, table]| Component {
                id: *id,
                horizontal: usize::from(factors >> 4),
                vertical: usize::from(factors & 15),
                table: usize::from(*table),
            })
            .collect();
        if components.len() != count || count == 0 {
            return Err(JpegError::Broken("its frame header has no components, or lacks some"));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(JpegError::Unsupported("two components, or more than four"));
        }
        let fits =
            |c: &Component| (1..=4).contains(&c.horizontal) && (1..=4).contains(&c.vertical) && c.table < 4;
        if !components.iter().all(fits) {
            return Err(JpegError::Broken("its sampling factors or quantization tables are out of range"));
        }
        if let [only] = components.as_mut_slice() {
            // Factors are of components to each other, so one has none: its units are blocks.
            (only.horizontal, only.vertical) = (1, 1);
        }
        let width = usize::from(u16::from_be_bytes([*width_1, *width_0]));
        let height = usize::from(u16::from_be_bytes([*height_1, *height_0]));
        if width == 0 {
            return Err(JpegError::Broken("it is 0 pixels wide"));
        }
        if height == 0 {
            return Err(JpegError::Unsupported("a height that comes after the picture"));
        }
        let max_horizontal = components.iter().map(|c| c.horizontal).max().unwrap_or(1);
        let max_vertical = components.iter().map(|c| c.vertical).max().unwrap_or(1);
        let whole = |c: &Component| max_horizontal % c.horizontal == 0 && max_vertical % c.vertical == 0;
        if !components.iter().all(whole) {
            return Err(JpegError::Unsupported("sampling factors that do not divide each other"));
        }
        Ok(Self { progressive, width, height, components, max_horizontal, max_vertical })
    }
}

/// What a scan header says.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    /// Indices into the frame's components with numbers of DC and AC tables.
    pub(crate) components: Vec<(usize, usize, usize)>,
    /// First and last coefficient in zigzag order.
    pub(crate) band: (usize, usize),
    /// Bits below which coefficients are not known before this scan, and after it.
    pub(crate) approximation: (u32, u32),
}

impl Scan {
    fn read(data: &[u8], frame: &Frame) -> Result<Self, JpegError> {
        let broken = || JpegError::Broken("a scan header does not fit its frame");
        let (count, rest) = data.split_first().ok_or_else(broken)?;
        let count = usize::from(*count);
        if !(1..=4).contains(&count) || rest.len() < 2 * count + 3 {
            return Err(broken());
        }
        let mut components: Vec<(usize, usize, usize)> = Vec::with_capacity(count);
        for [id, tables] in rest.as_chunks::<2>().0.iter().take(count) {
            let index = frame.components.iter().position(|c| c.id == *id).ok_or_else(broken)?;
            let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 15));
            if dc > 3 || ac > 3 || components.iter().any(|&(other, ..)| other == index) {
                return Err(broken());
            }
            components.push((index, dc, ac));
        }
        let [first, last, bits, ..] = rest[2 * count..] else { return Err(broken()) };
        if !frame.progressive {
            // These fields say nothing here, and some encoders fill them with anything.
            return Ok(Self { components, band: (0, 63), approximation: (0, 0) });
        }
        let (first, last) = (usize::from(first), usize::from(last));
        let (high, low) = (u32::from(bits >> 4), u32::from(bits & 15));
        let dc_only = first == 0 && last == 0;
        let one_band = first > 0 && first <= last && last < 64 && count == 1;
        if !(dc_only || one_band) || low > 13 || (high != 0 && high != low + 1) {
            return Err(broken());
        }
        Ok(Self { components, band: (first, last), approximation: (high, low) })
    }
}

/// Everything that was said up to a scan.
#[derive(Default)]
pub(crate) struct Headers {
    pub(crate) frame: Option<Frame>,
    /// Steps of quantization in natural order.
    pub(crate) steps: [Option<[u16; 64]>; 4],
    pub(crate) dc: [Option<Box<Huffman>>; 4],
    pub(crate) ac: [Option<Box<Huffman>>; 4],
    /// Units between restart markers; 0 if there are none.
    pub(crate) restart: usize,
    pub(crate) jfif: bool,
    /// The colour transform that Adobe's marker names.
    pub(crate) adobe: Option<u8>,
}

/// What comes next in a file.
pub(crate) enum Next {
    /// A scan, whose data begin at the place.
    Scan(Scan, usize),
    /// The end of the picture.
    End,
}

impl Headers {
    /// Reads up to the frame header and no further.
    pub(crate) fn read_frame(bytes: &[u8]) -> Result<Frame, JpegError> {
        let mut headers = Self::default();
        let mut position = 2;
        while headers.frame.is_none() {
            let (marker, data, after) = segment(bytes, position)?;
            if matches!(marker, 0xd9 | 0xda) {
                return Err(JpegError::Broken("it has no frame header"));
            }
            if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                headers.take(marker, data)?;
            }
            position = after;
        }
        headers.frame.ok_or(JpegError::Broken("it has no frame header"))
    }

    /// Reads from `position` up to the next scan.
    pub(crate) fn read(&mut self, bytes: &[u8], mut position: usize) -> Result<Next, JpegError> {
        loop {
            let (marker, data, after) = segment(bytes, position)?;
            match marker {
                0xd9 => return Ok(Next::End),
                0xda => {
                    let frame =
                        self.frame.as_ref().ok_or(JpegError::Broken("a scan comes before its frame"))?;
                    return Ok(Next::Scan(Scan::read(data, frame)?, after));
                }
                _ => self.take(marker, data)?,
            }
            position = after;
        }
    }

    fn take(&mut self, marker: u8, data: &[u8]) -> Result<(), JpegError> {
        match marker {
            0xc0..=0xc2 if self.frame.is_some() => return Err(JpegError::Broken("it has two frames")),
            0xc0..=0xc2 => self.frame = Some(Frame::read(data, marker == 0xc2)?),
            0xc4 => self.take_codes(data)?,
            0xc3 | 0xc7 | 0xcb | 0xcf => return Err(JpegError::Unsupported("lossless coding")),
            0xc5 | 0xc6 => return Err(JpegError::Unsupported("hierarchical coding")),
            0xc8..=0xcf => return Err(JpegError::Unsupported("arithmetic coding")),
            0xdb => self.take_steps(data)?,
            0xdd => {
                let [high, low, ..] = data else {
                    return Err(JpegError::Broken("its restart interval is too short"));
                };
                self.restart = usize::from(u16::from_be_bytes([*high, *low]));
            }
            0xe0 if data.starts_with(b"JFIF\0") => self.jfif = true,
            0xee if data.starts_with(b"Adobe") && data.len() >= 12 => self.adobe = Some(data[11]),
            _ => {}
        }
        Ok(())
    }

    fn take_steps(&mut self, mut data: &[u8]) -> Result<(), JpegError> {
        let broken = || JpegError::Broken("a quantization table is damaged");
        while let Some((head, rest)) = data.split_first() {
            let wide = head >> 4 != 0;
            let table = self.steps.get_mut(usize::from(head & 15)).ok_or_else(broken)?.insert([0; 64]);
            let values = rest.get(..if wide { 128 } else { 64 }).ok_or_else(broken)?;
            for (place, natural) in NATURAL.iter().enumerate() {
                table[usize::from(*natural)] = if wide {
                    u16::from_be_bytes([values[2 * place], values[2 * place + 1]])
                } else {
                    u16::from(values[place])
                };
            }
            data = &rest[values.len()..];
        }
        Ok(())
    }

    fn take_codes(&mut self, mut data: &[u8]) -> Result<(), JpegError> {
        let broken = || JpegError::Broken("a Huffman table is damaged");
        while let Some((head, rest)) = data.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(broken)?;
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let symbols = rest.get(..total).ok_or_else(broken)?;
            let tables = match head >> 4 {
                0 if Huffman::fits_dc(counts, symbols) => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(broken()),
            };
            let table = Huffman::new(counts, symbols).ok_or_else(broken)?;
            *tables.get_mut(usize::from(head & 15)).ok_or_else(broken)? = Some(Box::new(table));
            data = &rest[total..];
        }
        Ok(())
    }
}

/// The next marker with its data, and where it ends. Markers without data have none.
fn segment(bytes: &[u8], position: usize) -> Result<(u8, &[u8], usize), JpegError> {
    let (marker, after) = find_marker(bytes, position).ok_or(JpegError::Truncated)?;
    if matches!(marker, 0x01 | 0xd0..=0xd9) {
        return Ok((marker, &[], after));
    }
    let length = bytes.get(after..).and_then(|rest| rest.first_chunk::<2>()).ok_or(JpegError::Truncated)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length < 2 {
        return Err(JpegError::Broken("a segment is shorter than its own length"));
    }
    let data = bytes.get(after + 2..after + length).ok_or(JpegError::Truncated)?;
    Ok((marker, data, after + length))
}

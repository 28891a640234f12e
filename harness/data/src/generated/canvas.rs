//! A picture while it is drawn, and the colours it is drawn with.

use super::arithmetic::{Point, mix};
use super::forms::{Form, Pose};
use super::random::Stream;

/// Red, green and blue; 0 is dark and 1 is full. Values may leave that range until the picture is finished.
pub(super) type Colour = [f32; 3];

/// Colour from hue in turns, saturation and value.
pub(super) fn hsv(hue: f32, saturation: f32, value: f32) -> Colour {
    let h = (hue - hue.floor()) * 6.0;
    let channel = |offset: f32| {
        let k = (offset + h) % 6.0;
        let ramp = k.min(4.0 - k).clamp(0.0, 1.0);
        value * (1.0 - saturation * ramp)
    };
    [channel(5.0), channel(3.0), channel(1.0)]
}

/// Interpolation between two colours.
pub(super) fn blend(a: Colour, b: Colour, t: f32) -> Colour {
    [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)]
}

/// A colour made darker (factor below 1) or brighter.
pub(super) fn shade(colour: Colour, factor: f32) -> Colour {
    colour.map(|value| value * factor)
}

/// How bright a colour looks (Rec. 601 weights).
pub(super) fn luminance(colour: Colour) -> f32 {
    0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
}

/// A square picture with real values. The plane `[-1, 1] x [-1, 1]` covers it, y downwards.
pub(super) struct Canvas {
    side: usize,
    pixels: Vec<Colour>,
}

impl Canvas {
    pub(super) fn new(side: usize) -> Self {
        Self { side, pixels: vec![[0.5; 3]; side * side] }
    }

    /// Side of the picture in pixels.
    pub(super) fn side(&self) -> usize {
        self.side
    }

    /// Width of a pixel in the plane.
    pub(super) fn pixel_width(&self) -> f32 {
        2.0 / self.side as f32
    }

    fn centre(&self, index: usize) -> f32 {
        (2 * index + 1) as f32 / self.side as f32 - 1.0
    }

    /// Replaces every pixel by a function of its centre and its old colour.
    pub(super) fn map(&mut self, mut paint: impl FnMut(Point, Colour) -> Colour) {
        for row in 0..self.side {
            let y = self.centre(row);
            for column in 0..self.side {
                let point = [self.centre(column), y];
                let pixel = &mut self.pixels[row * self.side + column];
                *pixel = paint(point, *pixel);
            }
        }
    }

    /// Draws `form` with anti-aliased edges. `paint` gives the colour at a point of the form's own coordinates.
    pub(super) fn draw(&mut self, form: &Form, pose: &Pose, alpha: f32, paint: impl Fn(Point) -> Colour) {
        self.draw_and_mark(form, pose, alpha, paint, |_| ());
    }

    /// Does the same, and calls `mark` with the index of every pixel whose centre is inside the form.
    pub(super) fn draw_and_mark(
        &mut self,
        form: &Form,
        pose: &Pose,
        alpha: f32,
        paint: impl Fn(Point) -> Colour,
        mut mark: impl FnMut(usize),
    ) {
        let soft = 0.5 * self.pixel_width();
        let reach = form.radius() * pose.largest_scale() + 2.0 * soft;
        let rows = self.covered(pose.centre[1], reach);
        let columns = self.covered(pose.centre[0], reach);
        // Beyond this the coverage is certainly 0, and the distance need not be worked out.
        let far = form.radius() + 2.0 * soft / pose.smallest_scale();
        for row in rows {
            let y = self.centre(row);
            for column in columns.clone() {
                let local = pose.to_local([self.centre(column), y]);
                if local[0] * local[0] + local[1] * local[1] > far * far {
                    continue;
                }
                let distance = form.distance(local) * pose.smallest_scale();
                let coverage = (0.5 - distance / (2.0 * soft)).clamp(0.0, 1.0) * alpha;
                let index = row * self.side + column;
                if coverage > 0.0 {
                    let pixel = &mut self.pixels[index];
                    *pixel = blend(*pixel, paint(local), coverage);
                }
                if distance <= 0.0 {
                    mark(index);
                }
            }
        }
    }

    /// Pixel indices whose centres lie within `reach` of `centre`.
    fn covered(&self, centre: f32, reach: f32) -> std::ops::Range<usize> {
        let side = self.side as f32;
        let index = |at: f32| (((at + 1.0) * 0.5 * side).floor().max(0.0) as usize).min(self.side);
        let low = index(centre - reach);
        low..(index(centre + reach) + 1).min(self.side).max(low)
    }

    /// Blurs with the kernel (w, 1 - 2w, w) along rows and columns; edges repeat.
    pub(super) fn blur(&mut self, weight: f32) {
        let side = self.side;
        for stride in [1, side] {
            let before = self.pixels.clone();
            for (index, pixel) in self.pixels.iter_mut().enumerate() {
                let place = if stride == 1 { index % side } else { index / side };
                let back = if place == 0 { index } else { index - stride };
                let ahead = if place + 1 == side { index } else { index + stride };
                for (channel, value) in pixel.iter_mut().enumerate() {
                    *value = before[index][channel] * (1.0 - 2.0 * weight)
                        + weight * (before[back][channel] + before[ahead][channel]);
                }
            }
        }
    }

    /// Adds independent noise of the given standard deviation to every value.
    pub(super) fn add_noise(&mut self, deviation: f32, stream: &mut Stream) {
        for pixel in &mut self.pixels {
            for value in pixel {
                *value += deviation * stream.normal();
            }
        }
    }

    /// Colours of all pixels, row by row.
    #[cfg(test)]
    pub(super) fn colours(&self) -> &[Colour] {
        &self.pixels
    }

    /// Writes the picture as 8-bit values, `[3, side, side]`.
    pub(super) fn write(&self, out: &mut [u8]) {
        let area = self.side * self.side;
        for (index, pixel) in self.pixels.iter().enumerate() {
            for (channel, value) in pixel.iter().enumerate() {
                // Adding one half and truncating rounds alike everywhere.
                out[channel * area + index] = (value.clamp(0.0, 1.0) * 255.0 + 0.5) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: Colour, b: Colour) -> bool {
        a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5)
    }

    #[test]
    fn hues_are_where_they_should_be() {
        assert!(close(hsv(0.0, 1.0, 1.0), [1.0, 0.0, 0.0]));
        assert!(close(hsv(1.0 / 3.0, 1.0, 1.0), [0.0, 1.0, 0.0]));
        assert!(close(hsv(2.0 / 3.0, 1.0, 0.5), [0.0, 0.0, 0.5]));
        assert!(close(hsv(1.0, 1.0, 1.0), [1.0, 0.0, 0.0]));
        assert!(close(hsv(0.4, 0.0, 0.7), [0.7; 3]));
    }

    #[test]
    fn a_disc_covers_its_area_and_nothing_else() {
        let mut canvas = Canvas::new(64);
        canvas.map(|_, _| [0.0; 3]);
        canvas.draw(&Form::Disc, &Pose::new([0.0, 0.0], 0.5, 0.0), 1.0, |_| [1.0; 3]);
        let covered: f32 = canvas.pixels.iter().map(|p| p[0]).sum::<f32>() * canvas.pixel_width().powi(2);
        assert!((covered - std::f32::consts::PI * 0.25).abs() < 0.01, "{covered}");
        assert_eq!(canvas.pixels[0], [0.0; 3]);
    }

    #[test]
    fn drawing_outside_the_picture_changes_nothing() {
        let mut canvas = Canvas::new(8);
        let before = canvas.pixels.clone();
        for centre in [[9.0, 0.0], [-9.0, 0.0], [0.0, 9.0], [0.0, -9.0]] {
            canvas.draw(&Form::Disc, &Pose::new(centre, 0.5, 0.0), 1.0, |_| [1.0; 3]);
        }
        assert_eq!(canvas.pixels, before);
    }

    #[test]
    fn blurring_keeps_the_mean() {
        let mut canvas = Canvas::new(9);
        let mut stream = Stream::new("blur", &[]);
        canvas.map(|_, _| [stream.unit(); 3]);
        let mean = |c: &Canvas| c.pixels.iter().map(|p| p[1]).sum::<f32>() / 81.0;
        let before = mean(&canvas);
        canvas.blur(0.25);
        assert!((mean(&canvas) - before).abs() < 0.02);
    }
}

"""Values of PIL and torchvision for the tests of `secateur-pictures`.

Run it with Pillow, torch, torchvision, numpy and safetensors installed, and with `cjpeg` of libjpeg-turbo in the path:

    python harness/pictures/tests/golden/make.py

It writes `decode.safetensors`, `steps.safetensors`, `geometry.json` and `colors.json` beside itself. All pictures are drawn
here. The files in the repository are from Pillow 13.0.0 (libjpeg-turbo 3.2.0), torch 2.11.0 and torchvision 0.26.0.
"""

import hashlib
import io
import json
import pathlib
import struct
import subprocess
import zlib
from unittest import mock

import numpy as np
import torch
import torchvision.transforms as transforms
import torchvision.transforms.functional as functional
from PIL import Image, ImageFilter
from safetensors.numpy import save_file
from torchvision.transforms import InterpolationMode

HERE = pathlib.Path(__file__).parent


def scene(width, height, channels=3, seed=0):
    """Blobs, an edge and a little noise: smooth places, saturated ones, and steps."""
    rng = np.random.default_rng([seed, width, height, channels])
    y, x = np.mgrid[0:height, 0:width] / 24.0
    picture = np.zeros((height, width, channels))
    for channel in range(channels):
        phase = rng.uniform(0, 6, 4)
        picture[..., channel] = 128 + 90 * np.sin(2 * x + phase[0]) * np.cos(3 * y + phase[1])
        picture[..., channel] += 80 * np.sign(np.sin(x * 1.3 + y * 1.7 + phase[2]))
    picture += rng.normal(0, 8, picture.shape)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def noise(width, height):
    """The noise that the tests make, too: a linear congruential generator."""
    values = np.empty(3 * width * height, np.uint8)
    state = 7
    for place in range(len(values)):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[place] = state >> 24
    return values.reshape(3, height, width).transpose(1, 2, 0).copy()


def encoded(picture, form, **options):
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


def cjpeg(picture, *options):
    ppm = encoded(picture, "PPM")
    return subprocess.run(["cjpeg", *options], input=ppm, capture_output=True, check=True).stdout


def jpegs():
    photo = Image.fromarray(scene(45, 37))
    for sampling in ["4:4:4", "4:2:2", "4:2:0"]:
        name = sampling.replace(":", "")
        yield f"{name}.jpg", encoded(photo, "JPEG", quality=85, subsampling=sampling)
        yield f"{name}-progressive.jpg", encoded(photo, "JPEG", quality=85, subsampling=sampling, progressive=True)
    for size in [(1, 1), (2, 2), (3, 5), (4, 4), (5, 3), (8, 8), (15, 16), (16, 17), (17, 1), (1, 33), (33, 18)]:
        picture = Image.fromarray(scene(*size))
        for sampling in ["4:2:2", "4:2:0"]:
            name = f"{size[0]}x{size[1]}-{sampling.replace(':', '')}"
            yield f"{name}.jpg", encoded(picture, "JPEG", quality=92, subsampling=sampling)
    for factors in ["1x2", "2x1", "4x1", "1x4", "4x2", "2x4", "2x2,2x1,1x2", "1x1,2x2,1x1", "2x2,1x1,2x2", "4x1,2x1,1x1"]:
        yield f"sampled-{factors}.jpg", cjpeg(photo, "-quality", "80", "-sample", factors)
    yield "quality-1.jpg", encoded(photo, "JPEG", quality=1)
    yield "quality-100.jpg", encoded(photo, "JPEG", quality=100)
    yield "optimized.jpg", encoded(photo, "JPEG", quality=75, optimize=True)
    yield "restarts.jpg", encoded(photo, "JPEG", quality=75, restart_marker_blocks=2)
    yield "restarts-progressive.jpg", encoded(photo, "JPEG", quality=75, progressive=True, restart_marker_blocks=3)
    yield "rgb.jpg", encoded(photo, "JPEG", quality=75, keep_rgb=True)
    yield "grey.jpg", encoded(photo.convert("L"), "JPEG", quality=75)
    yield "grey-progressive.jpg", encoded(photo.convert("L"), "JPEG", quality=75, progressive=True)
    yield "grey-2x2.jpg", cjpeg(photo, "-grayscale", "-sample", "2x2")
    # Three scans of one component each.
    scans = HERE / "scans.txt"
    scans.write_text("0;\n1;\n2;\n")
    yield "scans.jpg", cjpeg(photo, "-sample", "2x2", "-scans", str(scans))
    scans.unlink()
    inks = Image.fromarray(scene(45, 37, 4), "CMYK")
    cmyk = encoded(inks, "JPEG", quality=85)
    yield "cmyk.jpg", cmyk
    # The same numbers under Adobe's other transform.
    place = cmyk.index(b"Adobe") + 11
    assert cmyk[place] == 0
    yield "ycck.jpg", cmyk[:place] + b"\x02" + cmyk[place + 1 :]
    # A camera that was held upright; nobody turns the picture.
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "orientation.jpg", encoded(photo, "JPEG", quality=75, exif=exif)
    yield "named.png", encoded(photo, "JPEG", quality=75)


def png(width, height, depth, kind, rows, *chunks):
    """A PNG that PIL does not write; rows are bytes."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    middle = b"".join(chunk(*each) for each in chunks)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + middle + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def others():
    photo = Image.fromarray(scene(45, 37))
    rgba = Image.fromarray(scene(45, 37, 4))
    palette = photo.quantize(50)
    grey = photo.convert("L")
    yield "rgb.png", encoded(photo, "PNG")
    yield "rgba.png", encoded(rgba, "PNG")
    yield "grey.png", encoded(grey, "PNG")
    yield "grey-alpha.png", encoded(Image.merge("LA", [grey, rgba.getchannel("A")]), "PNG")
    yield "one-bit.png", encoded(photo.convert("1"), "PNG")
    yield "palette.png", encoded(palette, "PNG")
    yield "palette-4.png", encoded(photo.quantize(11), "PNG", bits=4)
    yield "palette-transparent.png", encoded(palette, "PNG", transparency=bytes(range(0, 250, 5)))
    yield "rgb-transparent.png", encoded(photo, "PNG", transparency=tuple(scene(45, 37)[3, 3].tolist()))
    wide = scene(9, 7, 8).astype(np.uint8)
    yield "grey-16.png", png(9, 7, 16, 0, [row[:, :2].tobytes() for row in wide])
    dark = wide.copy()
    dark[..., 0] &= 1
    yield "dark-16.png", png(9, 7, 16, 0, [row[:, :2].tobytes() for row in dark])
    yield "grey-alpha-16.png", png(9, 7, 16, 4, [row[:, :4].tobytes() for row in wide])
    yield "rgb-16.png", png(9, 7, 16, 2, [row[:, :6].tobytes() for row in wide])
    yield "rgba-16.png", png(9, 7, 16, 6, [row.tobytes() for row in wide])
    yield "grey-2.png", png(12, 7, 2, 0, [row[:3, 0].tobytes() for row in wide])
    yield "grey-4.png", png(12, 7, 4, 0, [row[:6, 0].tobytes() for row in wide])

    yield "palette.gif", encoded(palette, "GIF")
    yield "grey.gif", encoded(grey, "GIF")
    yield "interlaced.gif", encoded(palette, "GIF", interlace=True)
    yield "transparent.gif", encoded(palette, "GIF", transparency=7)
    frames = [palette, Image.fromarray(scene(45, 37, seed=1)).quantize(20)]
    yield "frames.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    for name, extra in [("inside", b""), ("inside-transparent", b"!\xf9\x04\x01\0\0\x05\0")]:
        # A frame that does not fill its screen.
        whole = encoded(palette, "GIF")
        start = whole.index(b",\0\0\0\0")
        screen = whole[:6] + struct.pack("<HH", 50, 40) + whole[10:start]
        yield f"{name}.gif", screen + extra + b"," + struct.pack("<HH", 3, 2) + whole[start + 5 :]

    yield "rgb.bmp", encoded(photo, "BMP")
    yield "rgba.bmp", encoded(rgba, "BMP")
    yield "palette.bmp", encoded(palette, "BMP")
    yield "grey.bmp", encoded(grey, "BMP")
    yield "one-bit.bmp", encoded(photo.convert("1"), "BMP")

    yield "lossless.webp", encoded(photo, "WEBP", lossless=True)
    yield "lossless-alpha.webp", encoded(rgba, "WEBP", lossless=True, exact=True)
    yield "lossy.webp", encoded(photo, "WEBP", quality=80)


def decode():
    tensors = {}
    for name, data in [*jpegs(), *others()]:
        tensors[f"{name}/file"] = np.frombuffer(data, np.uint8)
        tensors[f"{name}/rgb"] = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    save_file(tensors, HERE / "decode.safetensors")


FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def resized(picture, size, method):
    """Rows first, as in every Pillow before 13; the intermediate picture is of bytes in any case."""
    return picture.resize((size[0], picture.height), method).resize(size, method)


def steps():
    tensors = {}
    photo = Image.fromarray(scene(45, 37))
    tensors["photo"] = np.asarray(photo)
    for name, method in FILTERS.items():
        for size in [(90, 74), (20, 16), (1, 1), (45, 10), (7, 37), (44, 38), (130, 3), (3, 90), (2, 1)]:
            tensors[f"resize/{name}/photo/{size[0]}x{size[1]}"] = np.asarray(resized(photo, size, method))
        for shape in [(1, 9), (9, 1), (1, 1)]:
            thin = Image.fromarray(scene(*shape))
            tensors[f"thin-{shape[0]}x{shape[1]}"] = np.asarray(thin)
            for size in [(5, 4), (3, 20), (1, 1)]:
                key = f"resize/{name}/thin-{shape[0]}x{shape[1]}/{size[0]}x{size[1]}"
                tensors[key] = np.asarray(resized(thin, size, method))
    for factor in [0.0, 0.3, 1.0, 1.8]:
        tensors[f"brightness/{factor}"] = np.asarray(functional.adjust_brightness(photo, factor))
        tensors[f"contrast/{factor}"] = np.asarray(functional.adjust_contrast(photo, factor))
        tensors[f"saturation/{factor}"] = np.asarray(functional.adjust_saturation(photo, factor))
    for factor in [-0.5, -0.1, 0.0, 0.2, 0.5]:
        tensors[f"hue/{factor}"] = np.asarray(functional.adjust_hue(photo, factor))
    tensors["grayscale"] = np.asarray(functional.rgb_to_grayscale(photo, 3))
    for sigma in [0.1, 0.5, 1.0, 1.3, 2.0]:
        tensors[f"boxes/{sigma}"] = np.asarray(photo.filter(ImageFilter.GaussianBlur(sigma)))
        for taps in [5, 23]:
            tensors[f"gaussian/{taps}/{sigma}"] = np.asarray(functional.gaussian_blur(photo, [taps, taps], [sigma, sigma]))
    tensors["flip"] = np.asarray(functional.hflip(photo))
    for size in [10, 37, 40, 50]:
        tensors[f"center/{size}"] = np.asarray(functional.center_crop(photo, [size, size]))
    for name in FILTERS:
        mode = InterpolationMode(name)
        crop = functional.resized_crop(photo, 5, 7, 21, 30, [24, 24], mode)
        tensors[f"resized_crop/{name}"] = np.asarray(crop)

    # The whole test view of a picture, as published.
    data = encoded(Image.fromarray(scene(90, 70)), "JPEG", quality=90)
    tensors["view/file"] = np.frombuffer(data, np.uint8)
    for name in FILTERS:
        view = transforms.Compose([
            transforms.Resize(64, InterpolationMode(name)),
            transforms.CenterCrop(56),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ])
        tensors[f"view/{name}"] = view(Image.open(io.BytesIO(data)).convert("RGB")).numpy()
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, HERE / "steps.safetensors")


def geometry():
    resize = []
    for width, height in [(500, 375), (375, 500), (333, 500), (256, 256), (257, 256), (1, 1000), (1000, 3), (640, 427), (37, 45)]:
        for size in [256, 224, 37, 1]:
            out = transforms.functional._compute_resized_output_size((height, width), [size])
            resize.append([width, height, size, out[1], out[0]])
    rng = np.random.default_rng(5)
    crops = []
    shapes = [(500, 375), (375, 500), (32, 32), (1000, 20), (20, 1000), (1, 1), (7, 500)]
    for width, height in shapes:
        for scale in [(0.08, 1.0), (0.2, 1.0), (0.9, 1.0)]:
            for _ in range(6):
                draws = rng.random(40).tolist()
                crops.append([width, height, scale, draws, drawn_crop(width, height, scale, list(draws))])
    digests = {}
    big = Image.fromarray(noise(250, 187))
    for name, method in FILTERS.items():
        for size in [(224, 224), (341, 256), (100, 90), (251, 187), (250, 186)]:
            digests[f"{name}/{size[0]}x{size[1]}"] = hashlib.sha256(resized(big, size, method).tobytes()).hexdigest()
    golden = {"resize": resize, "crops": crops, "noise": digests}
    (HERE / "geometry.json").write_text(json.dumps(golden) + "\n")


def drawn_crop(width, height, scale, draws):
    """torchvision's rule for given numbers in [0, 1): an interval's share, or a share of a range of integers."""

    def uniform(tensor, low=0.0, high=1.0):
        return tensor.fill_(float(low) + (float(high) - float(low)) * draws.pop(0))

    def randint(low, high, size):
        return torch.full(size, low + int((high - low) * draws.pop(0)))

    with mock.patch.object(torch.Tensor, "uniform_", uniform), mock.patch.object(torch, "randint", randint):
        top, left, rows, columns = transforms.RandomResizedCrop.get_params(
            Image.new("L", (width, height)), list(scale), [3 / 4, 4 / 3]
        )
    return [left, top, columns, rows]


def digest(picture):
    return hashlib.sha256(picture.tobytes()).hexdigest()


def colors():
    """Digests over all colours, red by red, blue changing fastest."""
    grid = np.stack(np.meshgrid(range(256), range(256), range(256), indexing="ij"), -1).astype(np.uint8)
    rgb = Image.fromarray(grid.reshape(4096, 4096, 3))
    grey = rgb.convert("L")
    inks = np.empty((4096, 4096, 4), np.uint8)
    inks[..., :3] = grid.reshape(4096, 4096, 3)[..., 1:2]
    inks[..., 3] = grid.reshape(4096, 4096, 3)[..., 2]
    golden = {
        "rgb_to_hsv": digest(rgb.convert("HSV")),
        "hsv_to_rgb": digest(Image.frombytes("HSV", rgb.size, rgb.tobytes()).convert("RGB")),
        "luma": digest(Image.merge("RGB", [grey, grey, grey])),
        "cmyk_to_rgb": digest(Image.fromarray(inks, "CMYK").convert("RGB")),
    }
    (HERE / "colors.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    decode()
    steps()
    geometry()
    colors()

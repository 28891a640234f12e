"""Makes `photo.jpg`, a small JPEG with halved colours, and `warped.json`, what Pillow makes of it in a square of 8.

    python make.py

Seen with Pillow 13.0.0. `voc/tests.rs` of `secateur-data` puts the picture into a data set and compares its pixels.
"""

import json
import pathlib

import numpy as np
from PIL import Image

FOLDER = pathlib.Path(__file__).parent

rng = np.random.default_rng(7)
y, x = np.mgrid[0:10, 0:20]
waves = [np.sin(x / 2 + channel) + np.cos(y / (1.5 + channel)) for channel in range(3)]
pixels = 128 + 50 * np.stack(waves, -1) + 12 * rng.standard_normal((10, 20, 3))
Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(FOLDER / "photo.jpg", quality=80, subsampling="4:2:0")
warped = Image.open(FOLDER / "photo.jpg").convert("RGB").resize((8, 8), Image.Resampling.BILINEAR)
planes = np.asarray(warped).transpose(2, 0, 1).reshape(-1).tolist()
(FOLDER / "warped.json").write_text(json.dumps(planes) + "\n")

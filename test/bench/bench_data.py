# bench_data.py - the input pipeline against Pillow and torchvision, in turns, with equal bytes.
#
#     python3 test/bench/bench_data.py build/release/bench_data [FOLDER]     (make bench-data)
#
# Both take the same pictures by turns, the one that begins changing each time, in a process and
# one thread each, files in memory. Processor time is compared within a pair of turns, so that a
# machine whose clock drifts or is shared drifts for both. The peer does what ProReg's data loader
# does: Image.open().convert("RGB"), RandAugment by Pillow, torchvision's Resize, CenterCrop,
# ToTensor and Normalize. Each turn's crops and floats must have the same SHA-256, or the run fails.
import hashlib
import io
import os
import statistics
import subprocess
import sys
import time

import PIL
import torch
import torchvision
from PIL import Image, features
from torchvision import transforms

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden"))
from augment import OPS  # noqa: E402

TURN = 48  # pictures
STAGES = ["decode", "RandAugment", "resize, crop", "normalise"]
CROP = transforms.Compose([
    transforms.Resize(224, interpolation=transforms.InterpolationMode.BICUBIC),
    transforms.CenterCrop(224)])
NORMALISE = transforms.Compose([
    transforms.ToTensor(),
    transforms.Normalize((0.48145466, 0.4578275, 0.40821073),
                         (0.26862954, 0.26130258, 0.27577711))])


class Ours:
    """bench_data, which takes turns when it is told to."""

    def __init__(self, program, folder):
        self.process = subprocess.Popen([program, "--turns", folder], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.pictures = []  # (path, [(operation, value)])
        for line in self.process.stdout:
            if line == "\n":
                break
            path, chain = line[:-1].split("\t")
            steps = [step.partition("=") for step in chain.split(",")]
            self.pictures.append((os.path.join(folder, path),
                                  [(name, float(value) if value else None)
                                   for name, _, value in steps]))

    def turn(self, first, augmented):
        print(first, TURN, int(augmented), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline().split()
        if len(answer) != 7:
            sys.exit("bench_data ended")
        return [float(x) for x in answer[1:5]], answer[5:]


class Peer:
    def __init__(self, pictures):
        self.pictures = pictures

    def turn(self, first, augmented):
        seconds, crops, floats = [0.0] * 4, hashlib.sha256(), hashlib.sha256()
        for path, chain in self.pictures[first:first + TURN]:
            with open(path, "rb") as file:
                data = io.BytesIO(file.read())
            times = [time.process_time()]
            try:
                image = Image.open(data).convert("RGB")
            except OSError as error:
                sys.exit(f"bench_data.py: {path}: {error}: leave it out")
            times.append(time.process_time())
            for name, value in chain if augmented else []:
                image = OPS[name][1](image, value)
            times.append(time.process_time())
            image = CROP(image)
            times.append(time.process_time())
            pixels = NORMALISE(image)
            times.append(time.process_time())
            for stage in range(4):
                seconds[stage] += times[stage + 1] - times[stage]
            crops.update(image.tobytes())
            floats.update(pixels.numpy().tobytes())
        return seconds, [crops.hexdigest(), floats.hexdigest()]


def take_turns(ours, peer, augmented):
    """The seconds by stage of each pair of turns: [(ours, peer)]. The first pair warms up."""
    pairs = []
    firsts = range(0, len(ours.pictures), TURN)
    for number, first in enumerate([0, *firsts]):
        order = [ours, peer] if number % 2 else [peer, ours]
        result = {who: who.turn(first, augmented) for who in order}
        for what, mine, theirs in zip(["crops", "floats"], result[ours][1], result[peer][1]):
            if mine != theirs:
                sys.exit(f"{what} differ, pictures {first} to {first + TURN - 1}: {mine} {theirs}")
        if number > 0:
            pairs.append((result[ours][0], result[peer][0]))
    return pairs


def row(name, pairs, stages, pictures):
    mine = [sum(pair[0][s] for s in stages) for pair in pairs]
    theirs = [sum(pair[1][s] for s in stages) for pair in pairs]
    ratio = [t / m for m, t in zip(mine, theirs)]
    ratio = statistics.quantiles(ratio, n=20) if len(ratio) > 1 else ratio
    print(f"{name:<28}{sum(mine) / pictures * 1e3:8.3f}{sum(theirs) / pictures * 1e3:8.3f} ms"
          f"{pictures / sum(mine):9.0f}{pictures / sum(theirs):8.0f} pictures/s"
          f"{sum(theirs) / sum(mine):8.2f}x   {ratio[0]:.2f}..{ratio[-1]:.2f}")


def main(program, folder):
    if not os.path.isdir(folder):
        sys.exit(f"no folder {folder}")
    torch.set_num_threads(1)
    ours = Ours(program, folder)
    peer, pictures = Peer(ours.pictures), len(ours.pictures)
    plain = take_turns(ours, peer, False)
    augmented = take_turns(ours, peer, True)
    print(f"{pictures} pictures, one core each, {len(plain)} turns each; Pillow {PIL.__version__}, "
          f"libjpeg-turbo {features.version_feature('libjpeg_turbo')}, "
          f"torchvision {torchvision.__version__}, torch {torch.__version__}")
    print(f"{'':<28}{'ours':>8}{'theirs':>8}   {'ours':>9}{'theirs':>8}           "
          f"{'ratio':>9}   5..95 % of turns")
    for stage in (0, 1, 2, 3):
        row(STAGES[stage], augmented if stage == 1 else plain, [stage], pictures)
    row("all", plain, [0, 2, 3], pictures)
    row("all, with RandAugment", augmented, [0, 1, 2, 3], pictures)
    print(f"equal: {pictures} of {pictures} pictures without and with RandAugment, "
          "crops and floats")


main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "../shared/data/BAR")

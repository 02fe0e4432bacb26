"""Images, audio and files: published prices, and what nobody outside can know."""

import base64
import io
import struct
import wave
from typing import Any

import pytest

from mockserver.models import Catalogue, Family, family_of
from mockserver.tokens import count_prompt
from mockserver.tokens.attachments import count_attachments
from mockserver.tokens.evidence import Rule, doubts
from mockserver.tokens.images import count_image

CATALOGUE = Catalogue()


def png(width: int, height: int) -> str:
    """Return the beginning of a PNG of that size, which is all that is looked at."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + bytes(64)
    return "data:image/png;base64," + base64.b64encode(content).decode()


def wav(seconds: float) -> str:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(int(seconds * 32_000)))
    return base64.b64encode(buffer.getvalue()).decode()


def family(name: str) -> Family:
    return family_of(name)


# The first three: OpenAI, "Images and vision", examples of costs.
@pytest.mark.parametrize(
    ("name", "size", "detail", "expected"),
    [
        pytest.param("gpt-4o", (1024, 1024), "high", 765, id="a square of 1024 is four tiles"),
        pytest.param("gpt-4o", (2048, 4096), "high", 1105, id="a tall image is scaled down first"),
        pytest.param("gpt-4o", (4096, 8192), "low", 85, id="low detail has one price"),
        pytest.param("gpt-4o", (1, 1), None, 255, id="a pixel is a tile"),
        pytest.param("gpt-4o", (512, 513), "auto", 425, id="a pixel more is a tile more"),
        pytest.param("gpt-4o-mini", (100, 100), None, 8500, id="gpt-4o-mini"),
        pytest.param("gpt-5", (50, 50), None, 210, id="gpt-5"),
        pytest.param("gpt-4-turbo", (100, 100), None, 255, id="gpt-4-turbo"),
        pytest.param("o3", (128, 64), "low", 75, id="P8 o3, low"),
        pytest.param("o3", (128, 64), "high", 225, id="P8 o3, high"),
        pytest.param("o1", (128, 64), "low", 11, id="P8 o1, low"),
        pytest.param("o1", (128, 64), "high", 33, id="P8 o1, high"),
    ],
)
def test_an_image_costs_its_tiles(
    name: str, size: tuple[int, int], detail: str | None, expected: int
) -> None:
    image = {"url": png(*size)} | ({"detail": detail} if detail else {})

    assert count_image(image, family(name)) == (expected, Rule.TILES)


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        # ceil(width / 32) * ceil(height / 32) times the model's weight, rounded up, and one.
        pytest.param("gpt-4.1-mini", (1024, 1024), 1660, id="1024 patches of 1.62"),
        pytest.param("gpt-4.1-nano", (128, 128), 41, id="16 patches of 2.46"),
        pytest.param("gpt-5-mini", (33, 32), 4, id="2 patches of 1.2"),
        pytest.param("gpt-4.1-mini", (640, 480), 488, id="300 patches of 1.62, in floating point"),
        pytest.param("o4-mini", (1800, 2400), 2499, id="no more than 1536: 1452 patches of 1.72"),
        pytest.param("gpt-5-mini", (1600, 1600), 1827, id="P8 gpt-5-mini, 1521 patches of 1.2"),
        pytest.param("gpt-5.4", (1600, 1600), 2806, id="P8 gpt-5.4, 2500 patches"),
        pytest.param("gpt-5.4-mini", (1600, 1600), 2806, id="P8 gpt-5.4-mini"),
        pytest.param("gpt-5.4-nano", (1600, 1600), 2806, id="P8 gpt-5.4-nano"),
        pytest.param("gpt-5.2", (1600, 1600), 1827, id="P8 gpt-5.2 has the budget of before"),
        pytest.param("gpt-5.4", (60, 30), 4, id="P8 gpt-5.4, a small image"),
        # 2048 x 64: 64 * 2 patches of 1.2.
        pytest.param("gpt-5-mini", (4096, 128), 155, id="P8 a wide image fits into 2048 first"),
    ],
)
def test_an_image_costs_its_patches(name: str, size: tuple[int, int], expected: int) -> None:
    assert count_image({"url": png(*size)}, family(name)) == (expected, Rule.PATCHES)


def test_an_original_image_is_scaled_down_less_where_the_budget_allows_it() -> None:
    image = {"url": png(3200, 3200), "detail": "original"}

    assert count_image(image, family("gpt-5.4"))[0] > 10_000
    assert count_image(image, family("gpt-5-mini"))[0] == 1827


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://example.org/image.png", id="remote"),
        pytest.param("data:image/png;base64,AAAA", id="no image"),
        pytest.param("data:image/png;base64,A", id="no base64"),
        pytest.param("data:", id="nothing"),
    ],
)
def test_an_image_of_unknown_size_is_taken_for_a_square_of_1024(url: str) -> None:
    assert count_image({"url": url}, family("gpt-4o")) == (
        765,
        Rule.TILES | Rule.UNSEEN_IMAGES,
    )


def test_a_model_without_eyes_is_a_guess() -> None:
    assert count_image({"url": png(1, 1)}, family("gpt-3.5-turbo")) == (
        0,
        Rule.UNSEEN_IMAGES,
    )


def test_an_image_may_be_a_mere_url() -> None:
    assert count_image(png(1, 1), family("gpt-4o")) == (255, Rule.TILES)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(0.4, 8, id="ten tokens a second, and four around"),
        pytest.param(1.14, 15, id="a begun token is none"),
    ],
)
def test_audio_costs_its_length(seconds: float, expected: int) -> None:
    part = {"type": "input_audio", "input_audio": {"data": wav(seconds), "format": "wav"}}

    assert count_attachments([part], family("gpt-audio")) == (expected, Rule.SOUND)


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}}, id="mp3"
        ),
        pytest.param({"type": "file", "file": {"file_id": "file-1"}}, id="file"),
        pytest.param({"type": "new", "new": {}}, id="a part of tomorrow"),
    ],
)
def test_what_cannot_be_measured_is_a_guess(part: dict[str, Any]) -> None:
    assert doubts(count_attachments([part], family("gpt-4o"))[1], "chatml")


def test_an_image_in_a_message_is_added_to_its_text() -> None:
    found = CATALOGUE.get("gpt-4o")
    assert found is not None
    text = {"type": "text", "text": "Hi"}
    image = {"type": "image_url", "image_url": {"url": png(1, 1)}}

    with_image = count_prompt({"messages": [{"role": "user", "content": [text, image]}]}, found)
    without = count_prompt({"messages": [{"role": "user", "content": [text]}]}, found)

    assert with_image.tokens - without.tokens == 255

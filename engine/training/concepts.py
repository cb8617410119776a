"""The things mini-v1 can draw: one row a concept, with its emoji, its English names and its Vietnamese names."""

from __future__ import annotations

from dataclasses import dataclass

TABLE = """
1F436 | dog, puppy | con chó, chú cún
1F431 | cat, kitten | con mèo, chú mèo
1F98A | fox | con cáo
1F981 | lion | con sư tử
1F43C | panda | con gấu trúc
1F430 | rabbit, bunny | con thỏ, chú thỏ
1F437 | pig | con lợn, con heo
1F438 | frog | con ếch
1F418 | elephant | con voi
1F427 | penguin | chim cánh cụt
1F989 | owl | con cú
1F986 | duck | con vịt
1F424 | chick, baby chick | con gà con
1F422 | turtle | con rùa
1F433 | whale | con cá voi
1F419 | octopus | con bạch tuộc
1F980 | crab | con cua
1F98B | butterfly | con bướm
1F41E | ladybug, ladybird | con bọ rùa
1F34E | apple, red apple | quả táo, trái táo
1F34C | banana | quả chuối, trái chuối
1F349 | watermelon | quả dưa hấu, dưa hấu
1F34B | lemon | quả chanh, trái chanh
1F34A | orange, tangerine | quả cam, quả quýt
1F347 | grapes, bunch of grapes | chùm nho
1F353 | strawberry | quả dâu tây
1F352 | cherries | quả anh đào
1F955 | carrot | củ cà rốt
1F346 | eggplant, aubergine | quả cà tím
1F344 | mushroom | cây nấm
1F354 | hamburger, burger | bánh hamburger
1F355 | pizza, slice of pizza | bánh pizza
1F369 | doughnut, donut | bánh rán vòng, bánh donut
1F366 | ice cream | cây kem
1F33B | sunflower | hoa hướng dương
1F337 | tulip | hoa tulip
1F333 | tree | cái cây
1F335 | cactus | cây xương rồng
1F341 | maple leaf | lá phong
1F319 | moon, crescent moon | mặt trăng, trăng lưỡi liềm
2600 | sun | mặt trời
2B50 | star | ngôi sao
2601 | cloud | đám mây
1F308 | rainbow | cầu vồng
1F525 | fire, flame | ngọn lửa
26C4 | snowman | người tuyết
1F697 | car | xe ô tô, ô tô
1F680 | rocket | tên lửa
26F5 | sailboat | thuyền buồm
1F3E0 | house | ngôi nhà
1F381 | gift, present | hộp quà
1F388 | balloon | bóng bay
1F511 | key | chìa khóa
1F451 | crown | vương miện
2764 | heart, red heart | trái tim
2602 | umbrella | cái ô
"""


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing to draw: its emoji code point (upper-case hex) and its names, the usual one first."""

    code: str
    english: tuple[str, ...]
    vietnamese: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.english[0]


def _names(field: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in field.split(","))


def _row(line: str) -> Concept:
    code, english, vietnamese = line.split("|")
    return Concept(code.strip(), _names(english), _names(vietnamese))


CONCEPTS: tuple[Concept, ...] = tuple(_row(line) for line in TABLE.strip().splitlines())

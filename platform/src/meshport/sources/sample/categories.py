"""The shop's categories with their English names, share of the assortment, prices and weights."""

from __future__ import annotations

from typing import NamedTuple

from meshport.sources.sample.sample_file import Dictionary


class Category(NamedTuple):
    """A category; without English name it is missing from the translation file.

    `items` is its weight in the assortment; the medians are in whole reais and grams.
    """

    code: str
    english: str | None
    items: int
    median_price: int
    median_grams: int


CATEGORIES = (
    Category("roupa_de_cama", "bed_linen", 62, 84, 1500),
    Category("toalhas_e_banho", "towels_and_bath", 34, 62, 1100),
    Category("decoracao", "home_decor", 66, 70, 1300),
    Category("moveis_de_sala", "living_room", 24, 220, 9500),
    Category("moveis_de_quarto", "bedroom", 16, 260, 12000),
    Category("moveis_de_escritorio", "desks_and_chairs", 22, 170, 9800),
    Category("cozinha_e_mesa", "kitchen_and_table", 58, 58, 1200),
    Category("panelas_e_formas", "pots_and_pans", 20, 90, 2300),
    Category("organizacao_da_casa", "home_storage", 28, 48, 1400),
    Category("iluminacao", "lighting", 22, 66, 900),
    Category("tapetes_e_cortinas", "rugs_and_curtains", 20, 96, 2400),
    Category("cuidados_da_pele", "skin_care", 40, 72, 300),
    Category("cabelos", "hair_care", 34, 64, 450),
    Category("perfumes", "fragrances", 30, 118, 400),
    Category("maquiagem", "make_up", 26, 52, 250),
    Category("suplementos_e_vitaminas", "supplements", 24, 86, 600),
    Category("esporte_e_treino", "sports_and_training", 52, 92, 1100),
    Category("ciclismo", "cycling", 26, 110, 900),
    Category("camping_e_trilha", "camping_and_hiking", 24, 120, 1600),
    Category("pesca", "fishing", 14, 76, 700),
    Category("futebol", "football", 20, 88, 600),
    Category("acessorios_automotivos", "car_accessories", 46, 82, 900),
    Category("som_automotivo", "car_audio", 18, 190, 1500),
    Category("pneus_e_rodas", "tyres_and_wheels", 8, 280, 9000),
    Category("motos", "motorcycles", 18, 96, 1000),
    Category("perifericos", "computer_peripherals", 38, 86, 500),
    Category("notebooks", "laptops", 6, 1650, 2900),
    Category("componentes_de_pc", "computer_parts", 22, 180, 800),
    Category("impressao", "printing", 14, 98, 1200),
    Category("redes_e_wifi", "networking", 14, 110, 500),
    Category("celulares", "mobile_phones", 16, 480, 450),
    Category("capas_e_peliculas", "phone_cases", 44, 28, 150),
    Category("fones_e_caixas_de_som", "headphones_and_speakers", 30, 98, 400),
    Category("televisores", "televisions", 6, 1150, 11000),
    Category("fotografia", "photography", 12, 150, 600),
    Category("videogames", "video_games", 20, 130, 500),
    Category("relogios", "watches", 36, 135, 350),
    Category("joias_e_bijuterias", "jewellery", 26, 68, 150),
    Category("bolsas", "handbags", 28, 92, 700),
    Category("malas_e_mochilas", "luggage_and_backpacks", 24, 128, 2100),
    Category("calcados_femininos", "womens_shoes", 24, 96, 800),
    Category("calcados_masculinos", "mens_shoes", 20, 118, 1000),
    Category("moda_feminina", "womens_fashion", 22, 72, 350),
    Category("moda_masculina", "mens_fashion", 18, 70, 350),
    Category("moda_infantil", "childrens_fashion", 14, 54, 300),
    Category("moda_praia", "beachwear", 10, 62, 250),
    Category("bebe", "baby_care", 34, 94, 1200),
    Category("carrinhos_e_cadeirinhas", "strollers_and_car_seats", 10, 390, 8500),
    Category("jogos_e_brinquedos", "toys_and_games", 42, 78, 900),
    Category("bonecas", "dolls", 14, 92, 800),
    Category("material_escolar", "school_supplies", 28, 44, 700),
    Category("escritorio_e_papel", "office_and_paper", 20, 50, 900),
    Category("livros", "books", 18, 48, 550),
    Category("livros_didaticos", "textbooks", 10, 76, 800),
    Category("instrumentos_de_corda", "string_instruments", 10, 240, 2600),
    Category("discos_e_filmes", "records_and_films", 8, 52, 250),
    Category("caes_e_gatos", "dogs_and_cats", 32, 66, 1500),
    Category("aquarismo", "aquariums", 8, 74, 1200),
    Category("ferramentas_eletricas", "power_tools", 24, 150, 2200),
    Category("ferramentas_manuais", "hand_tools", 22, 64, 1300),
    Category("jardim_e_varanda", "garden_and_patio", 34, 88, 2400),
    Category("seguranca_da_casa", "home_security", 14, 120, 800),
    Category("ar_e_ventilacao", "cooling_and_fans", 12, 210, 5200),
    Category("eletro_de_cozinha", "kitchen_appliances", 24, 165, 3200),
    Category("cafe_e_cha", "coffee_and_tea", 14, 92, 1200),
    Category("doces_e_lanches", "sweets_and_snacks", 12, 42, 700),
    Category("vinhos", "wines", 8, 78, 1600),
    Category("festas", "party_goods", 12, 40, 600),
    Category("natal", "christmas", 6, 58, 900),
    Category("artesanato_e_costura", None, 8, 56, 700),
    Category("colecionaveis", None, 4, 110, 500),
)


def list_translations() -> Dictionary:
    """The English names of all categories but the untranslated ones."""
    return Dictionary(
        "product_category_name_translation.csv",
        ("product_category_name", "product_category_name_english"),
        tuple((c.code, c.english) for c in CATEGORIES if c.english is not None),
    )

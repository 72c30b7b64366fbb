"""The states of Brazil and some of their cities, with rounded public figures."""

from __future__ import annotations

from typing import NamedTuple


class State(NamedTuple):
    """A state with its zip prefixes, its weight in orders and sellers, and how slow its roads are.

    `slowness` is the usual time in transport in percent of what the distance alone explains.
    """

    code: str
    name: str
    first_prefix: int
    last_prefix: int
    buyers: int
    sellers: int
    slowness: int


class City(NamedTuple):
    """A city with its coordinates in thousandths of a degree and its weight within the state."""

    state: str
    name: str
    latitude: int
    longitude: int
    weight: int


STATES = (
    State("SP", "são paulo", 1000, 19999, 41900, 60000, 100),
    State("RJ", "rio de janeiro", 20000, 28999, 12900, 5600, 142),
    State("ES", "espírito santo", 29000, 29999, 2050, 800, 112),
    State("MG", "minas gerais", 30000, 39999, 11700, 8000, 97),
    State("BA", "bahia", 40000, 48999, 3400, 650, 112),
    State("SE", "sergipe", 49000, 49999, 350, 80, 122),
    State("PE", "pernambuco", 50000, 56999, 1660, 320, 102),
    State("AL", "alagoas", 57000, 57999, 410, 30, 138),
    State("PB", "paraíba", 58000, 58999, 540, 200, 106),
    State("RN", "rio grande do norte", 59000, 59999, 490, 170, 108),
    State("CE", "ceará", 60000, 63999, 1340, 430, 118),
    State("PI", "piauí", 64000, 64999, 500, 40, 106),
    State("MA", "maranhão", 65000, 65999, 750, 50, 118),
    State("PA", "pará", 66000, 68899, 980, 50, 124),
    State("AP", "amapá", 68900, 68999, 90, 10, 132),
    State("AM", "amazonas", 69000, 69299, 160, 40, 126),
    State("RR", "roraima", 69300, 69399, 60, 10, 148),
    State("AC", "acre", 69900, 69999, 90, 20, 112),
    State("DF", "distrito federal", 70000, 72799, 2150, 1000, 98),
    State("GO", "goiás", 73700, 76799, 2030, 1300, 108),
    State("RO", "rondônia", 76800, 76999, 260, 60, 108),
    State("TO", "tocantins", 77000, 77999, 290, 40, 108),
    State("MT", "mato grosso", 78000, 78899, 910, 150, 106),
    State("MS", "mato grosso do sul", 79000, 79999, 720, 180, 112),
    State("PR", "paraná", 80000, 87999, 5070, 11300, 112),
    State("SC", "santa catarina", 88000, 89999, 3650, 6100, 124),
    State("RS", "rio grande do sul", 90000, 99999, 5500, 4200, 114),
)

CITIES = (
    City("SP", "são paulo", -23550, -46633, 375),
    City("SP", "osasco", -23532, -46792, 24),
    City("SP", "guarulhos", -23455, -46533, 29),
    City("SP", "mogi das cruzes", -23523, -46188, 14),
    City("SP", "santo andré", -23664, -46538, 20),
    City("SP", "são bernardo do campo", -23694, -46565, 24),
    City("SP", "santos", -23961, -46334, 19),
    City("SP", "são josé dos campos", -23179, -45887, 18),
    City("SP", "taubaté", -23026, -45555, 9),
    City("SP", "campinas", -22907, -47063, 38),
    City("SP", "jundiaí", -23186, -46898, 16),
    City("SP", "americana", -22739, -47331, 9),
    City("SP", "piracicaba", -22725, -47649, 14),
    City("SP", "limeira", -22565, -47402, 8),
    City("SP", "ribeirão preto", -21178, -47806, 17),
    City("SP", "franca", -20539, -47401, 9),
    City("SP", "são carlos", -22018, -47891, 10),
    City("SP", "araraquara", -21794, -48176, 8),
    City("SP", "são josé do rio preto", -20820, -49380, 12),
    City("SP", "araçatuba", -21209, -50433, 6),
    City("SP", "bauru", -22315, -49061, 11),
    City("SP", "marília", -22214, -49946, 7),
    City("SP", "sorocaba", -23502, -47458, 20),
    City("SP", "presidente prudente", -22126, -51389, 7),
    City("RJ", "rio de janeiro", -22907, -43173, 540),
    City("RJ", "niterói", -22883, -43104, 66),
    City("RJ", "são gonçalo", -22827, -43054, 32),
    City("RJ", "duque de caxias", -22786, -43312, 30),
    City("RJ", "nova iguaçu", -22756, -43460, 34),
    City("RJ", "petrópolis", -22505, -43179, 22),
    City("RJ", "volta redonda", -22523, -44104, 20),
    City("RJ", "cabo frio", -22879, -42019, 18),
    City("RJ", "campos dos goytacazes", -21754, -41324, 17),
    City("ES", "vitória", -20319, -40338, 36),
    City("ES", "vila velha", -20330, -40292, 40),
    City("ES", "serra", -20129, -40308, 30),
    City("ES", "linhares", -19391, -40072, 10),
    City("MG", "belo horizonte", -19921, -43938, 255),
    City("MG", "contagem", -19932, -44054, 38),
    City("MG", "betim", -19968, -44198, 22),
    City("MG", "ipatinga", -19468, -42537, 20),
    City("MG", "governador valadares", -18851, -41949, 16),
    City("MG", "juiz de fora", -21764, -43350, 44),
    City("MG", "poços de caldas", -21788, -46561, 16),
    City("MG", "uberlândia", -18919, -48277, 36),
    City("MG", "uberaba", -19748, -47932, 20),
    City("MG", "montes claros", -16735, -43862, 18),
    City("BA", "salvador", -12971, -38501, 370),
    City("BA", "lauro de freitas", -12894, -38327, 32),
    City("BA", "feira de santana", -12266, -38966, 50),
    City("BA", "vitória da conquista", -14866, -40839, 30),
    City("BA", "ilhéus", -14789, -39046, 20),
    City("BA", "porto seguro", -16450, -39065, 15),
    City("BA", "juazeiro", -9412, -40503, 14),
    City("SE", "aracaju", -10911, -37072, 70),
    City("SE", "itabaiana", -10685, -37425, 12),
    City("PE", "recife", -8047, -34877, 370),
    City("PE", "olinda", -8009, -34855, 60),
    City("PE", "jaboatão dos guararapes", -8113, -35015, 80),
    City("PE", "caruaru", -8284, -35976, 55),
    City("PE", "petrolina", -9389, -40503, 45),
    City("AL", "maceió", -9666, -35735, 70),
    City("AL", "arapiraca", -9752, -36661, 14),
    City("PB", "joão pessoa", -7115, -34863, 62),
    City("PB", "campina grande", -7231, -35881, 24),
    City("RN", "natal", -5795, -35209, 64),
    City("RN", "parnamirim", -5916, -35263, 16),
    City("RN", "mossoró", -5188, -37344, 14),
    City("CE", "fortaleza", -3717, -38543, 620),
    City("CE", "caucaia", -3736, -38653, 30),
    City("CE", "sobral", -3686, -40350, 30),
    City("CE", "juazeiro do norte", -7213, -39315, 40),
    City("PI", "teresina", -5089, -42802, 64),
    City("PI", "parnaíba", -2905, -41777, 10),
    City("MA", "são luís", -2530, -44303, 58),
    City("MA", "imperatriz", -5526, -47476, 20),
    City("PA", "belém", -1456, -48504, 46),
    City("PA", "ananindeua", -1366, -48372, 18),
    City("PA", "santarém", -2443, -54708, 10),
    City("PA", "marabá", -5369, -49118, 12),
    City("AP", "macapá", 35, -51066, 10),
    City("AM", "manaus", -3119, -60022, 10),
    City("RR", "boa vista", 2820, -60672, 10),
    City("AC", "rio branco", -9975, -67810, 10),
    City("DF", "brasília", -15794, -47883, 10),
    City("GO", "goiânia", -16687, -49265, 360),
    City("GO", "aparecida de goiânia", -16823, -49247, 60),
    City("GO", "anápolis", -16327, -48953, 60),
    City("GO", "rio verde", -17797, -50930, 28),
    City("RO", "porto velho", -8762, -63900, 40),
    City("RO", "ji-paraná", -10885, -61952, 16),
    City("TO", "palmas", -10184, -48334, 46),
    City("TO", "araguaína", -7191, -48207, 18),
    City("MT", "cuiabá", -15601, -56098, 42),
    City("MT", "várzea grande", -15647, -56132, 14),
    City("MT", "rondonópolis", -16471, -54636, 12),
    City("MT", "sinop", -11864, -55503, 12),
    City("MS", "campo grande", -20443, -54646, 56),
    City("MS", "dourados", -22221, -54806, 14),
    City("PR", "curitiba", -25428, -49273, 310),
    City("PR", "são josé dos pinhais", -25535, -49206, 28),
    City("PR", "ponta grossa", -25095, -50162, 28),
    City("PR", "cascavel", -24956, -53455, 28),
    City("PR", "foz do iguaçu", -25547, -54588, 22),
    City("PR", "londrina", -23310, -51163, 50),
    City("PR", "maringá", -23420, -51933, 48),
    City("SC", "florianópolis", -27595, -48548, 160),
    City("SC", "criciúma", -28678, -49370, 36),
    City("SC", "itajaí", -26908, -48662, 50),
    City("SC", "blumenau", -26919, -49066, 70),
    City("SC", "joinville", -26304, -48846, 90),
    City("SC", "chapecó", -27101, -52615, 30),
    City("RS", "porto alegre", -30033, -51230, 250),
    City("RS", "canoas", -29918, -51184, 46),
    City("RS", "novo hamburgo", -29688, -51133, 34),
    City("RS", "caxias do sul", -29168, -51179, 48),
    City("RS", "pelotas", -31765, -52338, 34),
    City("RS", "santa maria", -29687, -53815, 34),
    City("RS", "passo fundo", -28262, -52409, 28),
)

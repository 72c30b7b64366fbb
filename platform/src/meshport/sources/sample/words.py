"""Names and phrases the sample's persons and reviews are made of."""

from __future__ import annotations

FIRST_NAMES = (
    "Adriana", "Alice", "Amanda", "André", "Antônio", "Beatriz", "Bernardo", "Bianca", "Breno",
    "Bruna", "Caio", "Camila", "Carla", "Cecília", "César", "Clara", "Cristiano", "Daniel",
    "Débora", "Diego", "Eduardo", "Elaine", "Elisa", "Fábio", "Felipe", "Fernanda", "Flávia",
    "Gabriel", "Gilberto", "Giovana", "Gustavo", "Helena", "Heitor", "Igor", "Isabela", "Joana",
    "João", "Jorge", "Júlia", "Larissa", "Leandro", "Letícia", "Lúcia", "Luan", "Marcelo",
    "Mariana", "Mateus", "Natália", "Nelson", "Olívia", "Otávio", "Patrícia", "Paulo", "Rafael",
    "Regina", "Renata", "Ricardo", "Rosana", "Sérgio", "Sofia", "Tânia", "Tiago", "Vera", "Vitor",
)  # fmt: skip

LAST_NAMES = (
    "Abreu", "Almeida", "Alves", "Amaral", "Andrade", "Antunes", "Araújo", "Assis", "Azevedo",
    "Barbosa", "Barros", "Batista", "Borges", "Brandão", "Cardoso", "Carvalho", "Castro", "Chaves",
    "Coelho", "Correia", "Costa", "Cunha", "Dantas", "Dias", "Duarte", "Esteves", "Farias",
    "Fonseca", "Freitas", "Furtado", "Garcia", "Gomes", "Guedes", "Leite", "Lima", "Lopes",
    "Macedo", "Machado", "Magalhães", "Marinho", "Martins", "Medeiros", "Melo", "Mendes",
    "Miranda", "Monteiro", "Moraes", "Moura", "Nogueira", "Nunes", "Pacheco", "Peixoto", "Pinto",
    "Pires", "Queiroz", "Ramos", "Rezende", "Rocha", "Sales", "Teixeira", "Torres", "Vargas",
    "Vasconcelos", "Xavier",
)  # fmt: skip

MAIL_DOMAINS = ("example.com", "example.org", "example.net", "mail.example", "loja.example")

UNHAPPY, LUKEWARM, HAPPY = 0, 1, 2

TITLES = (
    ("Péssimo", "Não chegou", "Decepcionada", "Veio errado", "Quero reembolso", "Nota zero"),
    ("Razoável", "Mediano", "Poderia melhorar", "Dá pro gasto", "Assim assim", "Menos do que vi"),
    ("Amei", "Tudo certo", "Bom demais", "Compro de novo", "Nota dez", "Pode comprar"),
)

OPENINGS = (
    (
        "Paguei e até agora nada", "A caixa chegou amassada", "Mandaram a cor errada",
        "Fiquei muito chateado com essa compra", "O pacote sumiu no caminho",
        "Veio faltando uma peça", "Parou de funcionar no segundo dia", "Bem diferente da foto",
        "Comprei dois e recebi um", "O prazo passou faz tempo",
    ),
    (
        "Cumpre o básico", "O acabamento podia ser melhor", "Demorou um pouquinho",
        "É menor do que eu imaginava", "A embalagem era simples", "Funciona, mas faz barulho",
        "A cor é mais clara que no anúncio", "Gostei em parte", "O manual não ajuda muito",
        "Pelo preço está aceitável",
    ),
    (
        "Chegou antes da data", "A qualidade me surpreendeu", "Minha filha adorou o presente",
        "Embalagem caprichada", "Ficou lindo na sala", "Igualzinho ao anúncio",
        "Vendedor muito atencioso", "Veio tudo direitinho", "Já é a segunda vez que compro",
        "Ótimo custo e benefício",
    ),
)  # fmt: skip

MIDDLES = (
    (
        "ninguém responde às mensagens", "o rastreio está parado", "pedi a troca e nada",
        "tive que comprar em outro lugar", "o frete foi caro demais", 'o vendedor disse "aguarde"',
        "era para um aniversário", "a loja precisa resolver isso",
    ),
    (
        "vou usar mesmo assim", 'o vendedor explicou "com calma"', "faltou um cabo na caixa",
        "o tecido é fino", "a entrega foi correta", "ainda estou testando",
        "serve por enquanto", "talvez eu troque depois",
    ),
    (
        "já estou usando todo dia", "a entrega foi rápida", "o material parece resistente",
        "meu marido também aprovou", 'veio com um bilhete "obrigado"', "a montagem foi fácil",
        "valeu cada centavo", "vou comprar outro para minha mãe",
    ),
)  # fmt: skip

CLOSINGS = (
    ("Não recomendo.", "Espero retorno", "Quero meu dinheiro!!", "Nunca mais 😡", "Uma pena"),
    ("Nota média.", "É isso", "Vamos ver se dura", "Nem bom nem ruim 😐", "Ok"),
    ("Recomendo!", "Obrigada 😊", "Parabéns à loja 👏", "Voltarei a comprar", "Muito feliz."),
)

SEPARATORS = (". ", ", ", " e ", ". ", "; ", ", ", " - ", "! ", ". ", ", ", "\n")

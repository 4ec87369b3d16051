"""`ticker run`: the whole pipeline in one process, without a broker, with an account of every slot."""

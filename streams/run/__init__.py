"""`ticker run`: the whole pipeline in this process, without a broker, with an account of every slot."""

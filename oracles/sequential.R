# Reference numbers of internal/stat/sequential/reference_test.go: bounds, powers, expected
# sample sizes and stagewise inference of the R package rpact.
#   apt-get install r-cran-rpact && Rscript oracles/sequential.R
suppressMessages(library(rpact))
cat("rpact", as.character(packageVersion("rpact")), "\n")
fmt <- function(x) paste(sprintf("%.7f", x), collapse = ", ")
show <- function(name, x) cat(name, ": ", fmt(x), "\n", sep = "")
for (s in list(
  list("OF .025, 5 even", "asOF", .025, (1:5) / 5),
  list("OF .025, uneven", "asOF", .025, c(.3, .45, .8, 1)),
  list("OF .05, 2", "asOF", .05, c(.5, 1)),
  list("Pocock .025, 5 even", "asP", .025, (1:5) / 5),
  list("Pocock .05, 3 uneven", "asP", .05, c(.25, .6, 1)))) {
  d <- getDesignGroupSequential(kMax = length(s[[4]]), alpha = s[[3]], sided = 1, informationRates = s[[4]], typeOfDesign = s[[2]])
  show(s[[1]], d$criticalValues)
  ch <- getDesignCharacteristics(d)
  show("  inflation, ASN H1, H01, H0 at 80 %", c(ch$inflationFactor, ch$averageSampleNumber1, ch$averageSampleNumber01, ch$averageSampleNumber0))
  show("  shift (squared drift)", ch$shift)
}
d <- getDesignGroupSequential(kMax = 5, alpha = .025, beta = .1, sided = 1, informationRates = (1:5) / 5, typeOfDesign = "asOF")
ch <- getDesignCharacteristics(d)
show("OF .025 beta .1 inflation, ASN H1, H01, H0", c(ch$inflationFactor, ch$averageSampleNumber1, ch$averageSampleNumber01, ch$averageSampleNumber0))
# two-sided
d2 <- getDesignGroupSequential(kMax = 5, alpha = .05, sided = 2, informationRates = (1:5) / 5, typeOfDesign = "asOF")
show("OF two-sided .05", d2$criticalValues)
# non-binding futility by beta spending
df <- getDesignGroupSequential(kMax = 5, alpha = .025, beta = .2, sided = 1, informationRates = (1:5) / 5,
  typeOfDesign = "asOF", typeBetaSpending = "bsOF", bindingFutility = FALSE)
show("OF .025 beta .2 futility: efficacy", df$criticalValues)
show("  futility", df$futilityBounds)
chf <- getDesignCharacteristics(df)
show("  shift, ASN H1, H01, H0", c(chf$shift, chf$averageSampleNumber1, chf$averageSampleNumber01, chf$averageSampleNumber0))
# stagewise ordering: means, one sample, sd known by large df. Three stages of 100 rows.
d3 <- getDesignGroupSequential(kMax = 3, alpha = .025, sided = 1, informationRates = c(1/3, 2/3, 1), typeOfDesign = "asOF")
show("3 looks", d3$criticalValues)
setLogLevel("DISABLED")
for (e in list(c(.15, .42), c(.05, .2, .28), c(.05, .1, -.1), c(.1, .12, .14))) {
  data <- getDataset(sampleSizes = rep(1e4, length(e)), means = e * 100, stDevs = rep(1000, length(e)))
  k <- length(e)
  a <- getAnalysisResults(d3, data, normalApproximation = TRUE, stage = k)
  at <- function(x) 0.1 * sqrt(k) * x[!is.na(x)] # as a drift at look k
  show("stagewise z", cumsum(e) * 10 / sqrt(seq_along(e)))
  show("  p, lower, upper, median", c(a$finalPValues[!is.na(a$finalPValues)], at(a$finalConfidenceIntervalLowerBounds), at(a$finalConfidenceIntervalUpperBounds), at(a$medianUnbiasedEstimates)))
}

# Numbers that tests of traits are held against: Rscript trait_tests.R, in this directory.
# It wrote trait_samples.csv and trait_numbers.csv with R 4, nlme, sandwich, clubSandwich, lme4 and pbkrtest.
suppressMessages({library(nlme); library(splines); library(sandwich); library(clubSandwich); library(lme4); library(pbkrtest)})

set.seed(20)
individuals <- 8; each <- 3; n <- individuals * each
samples <- data.frame(
  sample_id = sprintf("S%02d", 1:n),
  individual = rep(sprintf("P%d", 1:individuals), each = each),
  condition = rep(c("naive", "early", "late"), individuals),
  dose = rep(c(0, 1, 4), individuals),
  group = rep(rep(c("control", "case"), individuals / 2), each = each),
  weight = rep(round(rnorm(individuals, 70, 10), 1), each = each),
  batch = rep(c("b1", "b2", "b3", "b1", "b3", "b2"), n / 6),
  block = rep(sprintf("k%d", 1:6), 4),
  quarter = rep(sprintf("q%d", 1:4), each = 6),
  rin = round(runif(n, 6, 9), 2),
  age = round(runif(n, 20, 80)),
  sex = rep(c("F", "M", "M", "M"), n / 4),
  stage = c(rep("i", 4), rep("ii", 5), rep("iii", 6), rep("iv", 9))
)
samples$age[c(4, 17)] <- NA
samples$observed <- !(1:n %in% c(2, 3, 10, 18, 22))
spread <- c(control = 0.5, case = 1.5)[samples$group]
person <- rnorm(individuals, 0, 1)[rep(1:individuals, each = each)]
eigengenes <- sapply(1:4, function(i) {
  age <- ifelse(is.na(samples$age), 50, samples$age)
  y <- rnorm(n) * (if (i %% 2) 1 else spread) + c(0.8, 1, 2, 1)[i] * person +
    c(0, 0.04, 0, 0.02)[i] * age + c(0, 0, 0.8, 0.4)[i] * (samples$condition == "late") +
    0.3 * (samples$batch == "b2") + c(0.5, 0, 0, 0.5)[i] * (samples$stage == "iii")
  round(y, 6)
})
colnames(eigengenes) <- paste0("e", 1:4)
write.csv(cbind(samples, eigengenes), "trait_samples.csv", row.names = FALSE, quote = FALSE, na = "")
data <- cbind(samples, eigengenes)
data$batch <- factor(data$batch)

rows <- NULL
note <- function(test, e, statistic, numerator, dof, p, effect = NA) {
  rows <<- rbind(rows, data.frame(test, eigengene = e, statistic, numerator_dof = numerator, dof, pvalue = p, effect))
}
model <- function(e, terms) as.formula(paste(e, "~", terms))

root <- function(m) { d <- eigen(m, symmetric = TRUE); d$vectors %*% (sqrt(d$values) * t(d$vectors)) }
# HC3 of the last k coefficients, divided by its expectation under equal variances, with F and degrees of freedom of
# Pustejovsky & Tipton 2018; every entry of HC3 is a quadratic form of the residuals.
robust <- function(full, k) {
  x <- model.matrix(full); p <- ncol(x); last <- (p - k + 1):p
  inverse <- solve(crossprod(x)); hat <- x %*% inverse %*% t(x); h <- diag(hat); m <- diag(nrow(x)) - hat
  w <- (inverse %*% t(x))[last, , drop = FALSE]
  hc3 <- w %*% diag(resid(full)^2 / (1 - h)^2) %*% t(w)
  stopifnot(all.equal(hc3, vcovHC(full, type = "HC3")[last, last, drop = FALSE], check.attributes = FALSE))
  expected <- w %*% diag((1 - h) / (1 - h)^2) %*% t(w)
  omega <- solve(root(inverse[last, last, drop = FALSE]))
  scale <- solve(root(omega %*% expected %*% t(omega)))
  z <- omega %*% coef(full)[last]
  s <- scale %*% omega %*% hc3 %*% t(omega) %*% t(scale)
  a <- scale %*% omega %*% w
  variance <- 0
  for (i in 1:k) for (j in 1:k) {
    q <- diag(a[i, ] * a[j, ] / (1 - h)^2) %*% m
    variance <- variance + 2 * sum(q * t(q))
  }
  eta <- k * (k + 1) / variance; dof <- eta - k + 1
  f <- dof / (eta * k) * drop(t(z) %*% solve(s) %*% z)
  list(f = f, dof = dof, p = pf(f, k, dof, lower.tail = FALSE))
}

for (e in colnames(eigengenes)) {
  # A number: the t of lm.
  full <- lm(model(e, "batch + rin + age"), data)
  t <- summary(full)$coefficients["age", ]
  note("number", e, t["t value"], 1, full$df.residual, t["Pr(>|t|)"], t["t value"] / sqrt(t["t value"]^2 + full$df.residual))
  # Levels: full against reduced, by the ordinary F and by HC3.
  reduced <- lm(model(e, "batch + rin"), data)
  full <- lm(model(e, "batch + rin + stage"), data)
  f <- anova(reduced, full)
  note("levels_ordinary", e, f$F[2], f$Df[2], f$Res.Df[2], f$`Pr(>F)`[2], f$`Sum of Sq`[2] / f$RSS[1])
  r <- robust(full, 3); note("levels_robust", e, r$f, 3, r$dof, r$p)
  full <- lm(model(e, "batch + rin + sex"), data)
  r <- robust(full, 1); b <- coef(full)[["sexM"]]
  note("two_levels_robust", e, sign(b) * sqrt(r$f), 1, r$dof, r$p, b)
  # Where every sample has the same leverage HC3 so scaled is CR2 with a cluster a sample.
  full <- lm(model(e, "block + quarter"), data)
  w <- Wald_test(full, constrain_zero("quarter", reg_ex = TRUE), vcov = "CR2", cluster = data$sample_id, test = "HTZ")
  note("levels_clubsandwich", e, w$Fstat, 3, w$df_denom, w$p_val)
  # A spline, against nothing and against the straight line.
  seen <- data[!is.na(data$age), ]
  spline <- lm(model(e, "batch + rin + ns(age, df = 3)"), seen)
  f <- anova(lm(model(e, "batch + rin"), seen), spline)
  note("spline", e, f$F[2], f$Df[2], f$Res.Df[2], f$`Pr(>F)`[2])
  f <- anova(lm(model(e, "batch + rin + age"), seen), spline)
  note("spline_beyond_line", e, f$F[2], f$Df[2], f$Res.Df[2], f$`Pr(>F)`[2])
  # Repeated measures, balanced: nlme.
  for (trait in c("group", "weight", "condition", "dose")) {
    fit <- lme(model(e, trait), random = ~ 1 | individual, data = data, method = "REML", control = lmeControl(msTol = 1e-14, tolerance = 1e-12, msMaxIter = 500))
    a <- anova(fit)[2, ]
    note(paste0("mixed_", trait), e, a$`F-value`, a$numDF, a$denDF, a$`p-value`)
  }
  # Repeated measures, unbalanced and with a covariate: Kenward and Roger's F of pbkrtest.
  observed <- data[data$observed, ]
  for (trait in c("group", "condition", "age_or_50")) {
    observed$age_or_50 <- ifelse(is.na(observed$age), 50, observed$age)
    full <- lmer(model(e, paste("rin +", trait, "+ (1 | individual)")), observed, REML = TRUE,
      control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12)))
    reduced <- lmer(model(e, "rin + (1 | individual)"), observed, REML = TRUE)
    k <- KRmodcomp(full, reduced)
    note(paste0("unbalanced_", trait), e, getKR(k, "Fstat"), getKR(k, "ndf"), getKR(k, "ddf"), getKR(k, "p.value"))
  }
}
write.csv(rows, "trait_numbers.csv", row.names = FALSE, quote = FALSE, na = "")
